#define _GNU_SOURCE
#include "processors_linux.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "ordered.h"

/* Reads the start of a small file as text; 0, or -1 when it cannot be read. */
static int
slurp(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = io_read(fd, text, size - 1);
	io_close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return n < 0 ? -1 : 0;
}

static size_t
lasts_for(long long quota, long long period)
{
	if (quota <= 0 || period <= 0)
		return SIZE_MAX;
	return (size_t)((quota - 1) / period + 1);
}

/* The quota of one cgroup directory, of either version. */
static size_t
quota_of(const char *dir)
{
	char path[PATH_MAX + 32], text[64], period[64];
	long long quota, each;

	snprintf(path, sizeof(path), "%s/cpu.max", dir);
	if (slurp(path, text, sizeof(text)) == 0)
		return sscanf(text, "%lld %lld", &quota, &each) == 2 ? lasts_for(quota, each) : SIZE_MAX;
	snprintf(path, sizeof(path), "%s/cpu.cfs_quota_us", dir);
	if (slurp(path, text, sizeof(text)) < 0)
		return SIZE_MAX;
	snprintf(path, sizeof(path), "%s/cpu.cfs_period_us", dir);
	if (slurp(path, period, sizeof(period)) < 0)
		return SIZE_MAX;
	return lasts_for(strtoll(text, NULL, 10), strtoll(period, NULL, 10));
}

/* The least quota of the cgroup and those above it, below the mount point root. */
static size_t
quota_below(const char *root, const char *group)
{
	char dir[PATH_MAX];
	size_t least = SIZE_MAX, root_len = strlen(root);
	char *slash;

	if ((size_t)snprintf(dir, sizeof(dir), "%s%s", root, group) >= sizeof(dir))
		return least;
	for (;;) {
		size_t n = quota_of(dir);

		if (n < least)
			least = n;
		slash = strrchr(dir, '/');
		if (slash == NULL || (size_t)(slash - dir) < root_len)
			return least;
		*slash = '\0';
	}
}

/* By /proc/self/cgroup: lines "number:controllers:/group", the controllers empty in version 2. */
static size_t
quota(void)
{
	size_t least = SIZE_MAX;
	char text[4096], *line, *rest = text;

	if (slurp("/proc/self/cgroup", text, sizeof(text)) < 0)
		return least;
	while ((line = strsep(&rest, "\n")) != NULL) {
		char *controllers = strchr(line, ':'), *group;
		size_t n = SIZE_MAX;

		if (controllers == NULL || (group = strchr(++controllers, ':')) == NULL)
			continue;
		*group++ = '\0';
		if (*controllers == '\0')
			n = quota_below("/sys/fs/cgroup", group);
		else if (strcmp(controllers, "cpu") == 0 || strstr(controllers, "cpu,") == controllers ||
		    strstr(controllers, ",cpu,") != NULL)
			n = quota_below("/sys/fs/cgroup/cpu", group);
		if (n < least)
			least = n;
	}
	return least;
}

size_t
processors_usable(void)
{
	size_t n = 1, least = quota();
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = (size_t)CPU_COUNT(&set);
	if (n > least)
		n = least;
	if (n > ORDERED_WORKERS)
		n = ORDERED_WORKERS;
	return n < 1 ? 1 : n;
}
