/* Directories of users, and removing what is in a directory of dumps, one after the other. */
#ifndef GZCORE_DUMPS_REMOVE_H
#define GZCORE_DUMPS_REMOVE_H

#include "dumps/directory.h"

/*
 * Opens the directory of a user in the directory fd, unless it is a link, or (from Linux 5.6 on)
 * something is mounted there, since a file system that a user mounted may never answer.  Returns a
 * descriptor, which the caller closes, or -1 with errno.
 */
int dumps_open_user(int fd, const char *user);

/*
 * Waits for the lock of the directory fd, which is held until we end: of two that remove at once,
 * the second sees what the first has left.  Returns 1; 0 when, with leave, another one waits for it
 * already: it will start later than this one, so it sees all that is there for this one to see; -1
 * with errno and the file of the lock.
 */
int dumps_lock(int fd, int leave, const char **file);

/*
 * Removes the file, the small core and the record of a dump in the directory fd, as the flags say;
 * the record last, so that no file is ever without one.  Returns 0, or -1 with errno: EWOULDBLOCK
 * when a process has one of these files locked, as core-open does; then all stay.
 */
int dumps_remove(int fd, const struct dump *d, int file, int small, int record);

#endif
