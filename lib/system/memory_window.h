/*
 * Presents any file as memory, for libraries that need memory: address space of the file's size.
 * When a piece of it is touched, a SIGSEGV handler fills it, and older pieces are emptied again.  A
 * process can have one window at a time; the thread that touches the memory does the reading.
 */
#ifndef GZCORE_SYSTEM_MEMORY_WINDOW_H
#define GZCORE_SYSTEM_MEMORY_WINDOW_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Maps size bytes that get fills.  get reads len bytes from offset at, fewer at the end; if it
 * returns -1, the bytes are zeros.  Returns 0 with *base, or -1 with errno: EBUSY if there is a
 * window already, EFBIG if this machine has not enough addresses.  A system call fails on memory
 * that has not been touched (EFAULT).
 */
int window_open(ssize_t (*get)(void *arg, uint64_t at, void *buf, size_t len), void *arg,
    uint64_t size, char **base);

/* Unmaps it and restores the handler of SIGSEGV. */
void window_close(void);

#endif
