/* How many processors this process may use on Linux, and what they can do. */
#ifndef GZCORE_SYSTEM_PROCESSORS_H
#define GZCORE_SYSTEM_PROCESSORS_H

#include <stddef.h>

/*
 * Returns the number of processors in the affinity of this process (sched_getaffinity(2)), but no
 * more than the quota of its cgroup, rounded up (cgroup v2 cpu.max, v1 cpu.cfs_quota_us).  At least
 * 1.
 */
size_t processors_usable(void);

/* Whether they have keys of protection for memory that the kernel uses (pkeys(7)), on x86. */
int processors_have_keys(void);

#endif
