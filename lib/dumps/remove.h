/* Directories of users, and removing what is in a directory of dumps. */
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
 * Removes the file, the small core and the record of a dump in the directory fd, as the flags say;
 * the record last, so that no file is ever without one.  Returns 0, or -1 with errno: EWOULDBLOCK
 * when a process has a file locked, as core-open does.
 */
int dumps_remove(int fd, const struct dump *d, int file, int small, int record);

#endif
