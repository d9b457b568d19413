/* How much memory can be had without taking it from others. */
#ifndef GZCORE_CAPTURE_AVAILABLE_H
#define GZCORE_CAPTURE_AVAILABLE_H

#include <stdint.h>

/*
 * Bytes: what /proc/meminfo calls MemAvailable, but no more than what the memory limits of our
 * control groups, of either version, leave (Documentation/admin-guide/cgroup-v2.rst and
 * cgroup-v1/memory.rst).  0 when memory is so short that all tasks waited for it for a tenth of the
 * last ten seconds (PSI), or when nothing is known.
 */
uint64_t available_memory(void);

#endif
