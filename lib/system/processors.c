#define _GNU_SOURCE
#include "system/processors.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ordered.h"
#include "system/control_group.h"

/* The kernel has no more than 8192 so far. */
#define PROCESSORS_MAX (1u << 20)

static uint64_t
lasts_for(long long quota, long long period)
{
	if (quota <= 0 || period <= 0)
		return UINT64_MAX;
	return (uint64_t)((quota - 1) / period + 1);
}

/* The quota of one cgroup directory, of either version. */
static uint64_t
quota_of(const char *dir)
{
	char text[64], period[64];
	long long quota, each;

	if (control_group_text(dir, "cpu.max", text, sizeof(text)) == 0)
		return sscanf(text, "%lld %lld", &quota, &each) == 2 ? lasts_for(quota, each) :
		    UINT64_MAX;
	if (control_group_text(dir, "cpu.cfs_quota_us", text, sizeof(text)) < 0 ||
	    control_group_text(dir, "cpu.cfs_period_us", period, sizeof(period)) < 0)
		return UINT64_MAX;
	return lasts_for(strtoll(text, NULL, 10), strtoll(period, NULL, 10));
}

/* The processors of this process's affinity; the kernel refuses a set that cannot hold all of the machine's. */
static size_t
affine(void)
{
	size_t n = 0;

	for (size_t most = CPU_SETSIZE; n == 0 && most <= PROCESSORS_MAX; most *= 2) {
		cpu_set_t *set = CPU_ALLOC(most);

		if (set == NULL)
			break;
		if (sched_getaffinity(0, CPU_ALLOC_SIZE(most), set) == 0)
			n = (size_t)CPU_COUNT_S(CPU_ALLOC_SIZE(most), set);
		else if (errno != EINVAL)
			most = PROCESSORS_MAX;
		CPU_FREE(set);
	}
	return n;
}

size_t
processors_usable(void)
{
	uint64_t least = control_group_least("cpu", quota_of);
	size_t n = affine();

	if (n > least)
		n = (size_t)least;
	if (n > ORDERED_WORKERS)
		n = ORDERED_WORKERS;
	return n < 1 ? 1 : n;
}
