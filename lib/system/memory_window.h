/*
 * A file as memory, for libraries that want that, whatever the file is made of: address space as large as it
 * is, which is filled a piece at a time when it is touched, by a handler of SIGSEGV, and emptied again as
 * other pieces are.  One at a time in a process; the thread that touches it is the one that reads.
 */
#ifndef GZCORE_SYSTEM_MEMORY_WINDOW_H
#define GZCORE_SYSTEM_MEMORY_WINDOW_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Maps size bytes that get reads: len from offset at, less at the end, -1 when they cannot be read, which
 * are zeros then.  Returns 0 with *base, or -1 with errno: EBUSY when there is a window, EFBIG when this
 * machine has no addresses for that much.  System calls cannot be given what has not been touched (EFAULT).
 */
int window_open(ssize_t (*get)(void *arg, uint64_t at, void *buf, size_t len), void *arg,
    uint64_t size, char **base);

/* Unmaps it and restores what SIGSEGV did. */
void window_close(void);

#endif
