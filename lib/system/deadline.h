/* Doing what may never end: reading from a process that hangs, or from a file system that does. */
#ifndef GZCORE_SYSTEM_DEADLINE_H
#define GZCORE_SYSTEM_DEADLINE_H

#include <stddef.h>

/*
 * Calls fn in a process of its own, which has not 0 to 2 of our descriptors, and waits at most ms
 * milliseconds; it is killed then, and left behind where even that does not end it.  What it
 * leaves is what it wrote to memory of deadline_memory, or to files.  Returns 0; -1 with errno,
 * ETIMEDOUT when the time was up, ECANCELED when it died.
 */
int deadline_run(void (*fn)(void *arg), void *arg, int ms);

/* Memory, all zeros, that the caller and such a process share; NULL with errno.  deadline_free frees it. */
void *deadline_memory(size_t len);
void deadline_free(void *memory, size_t len);

#endif
