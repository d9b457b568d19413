/* Confinement of a program that is about to be executed, which was written by others. */
#ifndef GZCORE_CONFINE_EXECUTED_H
#define GZCORE_CONFINE_EXECUTED_H

#include <stddef.h>

/*
 * From now on this process, and what it executes, can open for reading only the files in places, or below them where
 * they are directories (landlock(7)): no others, whatever a name leads to.  places has count paths; what is not there
 * is left out.  What is open already can be opened again by /proc/self/fd only if it has no directory, as a file in
 * memory, or is in places; that may be such a path.  No new rights (PR_SET_NO_NEW_PRIVS) have to be in force.
 *
 * Returns 0, 1 if the kernel has no such thing, or -1 with errno.
 */
int confine_reading(const char *const *places, size_t count);

/*
 * From now on neither can put characters into the input of its terminal, as if they were typed for the shell to which
 * the terminal goes back (TIOCSTI, TIOCLINUX: ioctl_tty(2)).  Returns 0, 1 if the build or the kernel has no filters
 * of system calls, or -1 with errno.
 */
int confine_typing(void);

#endif
