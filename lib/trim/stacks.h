/*
 * Keeping the threads' stacks, and those that signal handlers with stacks of their own interrupted.
 */
#ifndef GZCORE_TRIM_STACKS_H
#define GZCORE_TRIM_STACKS_H

#include <stddef.h>
#include <stdint.h>

#include "core/threads.h"
#include "trim/trim.h"

/*
 * The bytes of struct pthread (nptl/descr.h) that libthread_db reads, where the thread pointer
 * points.
 */
#define TRIM_THREAD 2304
/* The most registers that a machine has, in words. */
#define TRIM_REGISTERS_MOST 64

/*
 * Reads the next thread's registers, the crashed thread's first; 0 at the end.  *walk is all zeros
 * at first.
 */
int trim_thread_next(const struct trim *t, struct core_threads *walk,
    uint64_t r[TRIM_REGISTERS_MOST]);

/*
 * Keep the stack of the thread that crashed, or those of all others.  Return how many threads had
 * registers.
 */
size_t trim_keep_crashed_stack(struct trim *t);
size_t trim_keep_other_stacks(struct trim *t);

/*
 * Keeps the stacks that are interrupted by the signal frames in [start, end), a part of a stack
 * that passes by.
 */
void trim_keep_interrupted(struct trim *t, uint64_t start, uint64_t end);

/* Keeps the rest of each stack that is kept in part. */
void trim_keep_whole_stacks(struct trim *t);

#endif
