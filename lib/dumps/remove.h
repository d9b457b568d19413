/* Directories of users, and removing what is in a directory of dumps. */
#ifndef GZCORE_DUMPS_REMOVE_H
#define GZCORE_DUMPS_REMOVE_H

#include "dumps/directory.h"

/*
 * Opens the directory of a user in the directory fd, unless it is a link, or something is mounted there (from Linux 5.6
 * on): what users mount need not answer.  Returns a descriptor, which the caller closes, or -1 with errno.
 */
int dumps_open_user(int fd, const char *user);

/*
 * Removes of a dump of the directory fd its file, its small core, and last its record, as the flags say, so that no
 * file is ever without a record.  Returns 0, or -1 with errno: EWOULDBLOCK when somebody has a file locked, as
 * core-open does.
 */
int dumps_remove(int fd, const struct dump *d, int file, int small, int record);

#endif
