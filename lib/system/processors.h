/* How many processors this process may use on Linux. */
#ifndef GZCORE_SYSTEM_PROCESSORS_H
#define GZCORE_SYSTEM_PROCESSORS_H

#include <stddef.h>

/*
 * Returns the number of processors in the affinity of this process (sched_getaffinity(2)), but no
 * more than the quota of its cgroup, rounded up (cgroup v2 cpu.max, v1 cpu.cfs_quota_us).  At least
 * 1.
 */
size_t processors_usable(void);

#endif
