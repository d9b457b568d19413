/* How many processors there are for this process on Linux. */
#ifndef GZCORE_SYSTEM_PROCESSORS_H
#define GZCORE_SYSTEM_PROCESSORS_H

#include <stddef.h>

/*
 * The processors that this process may use: those of its affinity (sched_getaffinity(2)), and no
 * more than its cgroup's quota lasts for, rounded up (cgroup v2 cpu.max, v1 cpu.cfs_quota_us).  At
 * least 1.
 */
size_t processors_usable(void);

#endif
