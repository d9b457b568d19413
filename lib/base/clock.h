/* A clock that never jumps, counted from some moment: for measuring durations. */
#ifndef GZCORE_BASE_CLOCK_H
#define GZCORE_BASE_CLOCK_H

#include <stdint.h>

/* In nanoseconds, and in milliseconds (clock_gettime(2), CLOCK_MONOTONIC). */
uint64_t now_ns(void);
int64_t now_ms(void);

#endif
