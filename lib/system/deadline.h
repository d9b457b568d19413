/* Calls that may never return: reading from a process, or a file system, that hangs. */
#ifndef GZCORE_SYSTEM_DEADLINE_H
#define GZCORE_SYSTEM_DEADLINE_H

#include <stddef.h>

/*
 * Calls fn in a child process, which does not have our descriptors 0 to 2, and waits at most ms
 * milliseconds.  Then the child is killed; if even that does not end it, it is left behind.  fn
 * returns results through memory of deadline_memory, or through files.  Returns 0; -1 with errno,
 * ETIMEDOUT if the time was up, ECANCELED if the child died.
 */
int deadline_run(void (*fn)(void *arg), void *arg, int ms);

/*
 * Returns zeroed memory that the caller and such a child share; NULL with errno.  deadline_free
 * frees it.
 */
void *deadline_memory(size_t len);
void deadline_free(void *memory, size_t len);

/*
 * For fn of deadline_run, which needs no open descriptor but fd from now on: closes all others.
 * Returns the number that fd has now.
 */
int deadline_keep(int fd);

#endif
