/* The limits of this process's control groups, of both versions (cgroups(7)). */
#ifndef GZCORE_SYSTEM_CONTROL_GROUP_H
#define GZCORE_SYSTEM_CONTROL_GROUP_H

#include <stddef.h>
#include <stdint.h>

/*
 * Asks of about the directory of each group that this process is in, and of those above it, in the
 * hierarchy of version 2 and in that of version 1 which has the controller, wherever they are
 * mounted.  Returns the least answer, UINT64_MAX when there is none.
 */
uint64_t control_group_least(const char *controller, uint64_t (*of)(const char *dir));

/*
 * Reads the start of a small file of such a directory as text, terminated.  Returns 0, or -1 when
 * it cannot be read.
 */
int control_group_text(const char *dir, const char *name, char *text, size_t size);

#endif
