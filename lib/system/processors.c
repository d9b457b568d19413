#define _GNU_SOURCE
#include "system/processors.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/ordered.h"

/* The kernel has no more than 8192 so far. */
#define PROCESSORS_MAX (1u << 20)

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
		return sscanf(text, "%lld %lld", &quota, &each) == 2 ? lasts_for(quota, each) :
		    SIZE_MAX;
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

/* Whether a word is in a list with commas. */
static int
listed(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = list; at != NULL; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, word, n) == 0 && (at[n] == ',' || at[n] == '\0'))
			return 1;
	}
	return 0;
}

/* Undoes the escapes of mountinfo in place: three octal digits for a blank, a tab, a newline and a backslash. */
static void
unescape(char *text)
{
	char *to = text;
	unsigned c;

	while (*text != '\0') {
		if (sscanf(text, "\\%3o", &c) == 1 && c != 0) {
			*to++ = (char)c;
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/*
 * Takes a line of mountinfo (proc_pid_mountinfo(5)) apart: "ID parent device root point options ... - type source
 * options".  Whether it is a mount of cgroup version 2, or of version 1 with the controller cpu.
 */
static int
is_mount(char *line, int version, char **root, char **point)
{
	char *word[5], *type, *save, *options;

	line[strcspn(line, "\n")] = '\0';
	if ((type = strstr(line, " - ")) == NULL)
		return 0;
	*type = '\0';
	for (size_t i = 0; i < 5; i++)
		if ((word[i] = strtok_r(i == 0 ? line : NULL, " ", &save)) == NULL)
			return 0;
	*root = word[3];
	*point = word[4];
	type = strtok_r(type + 3, " ", &save);
	if (type == NULL || strcmp(type, version == 2 ? "cgroup2" : "cgroup") != 0)
		return 0;
	if (strtok_r(NULL, " ", &save) == NULL || (options = strtok_r(NULL, " ", &save)) == NULL)
		return version == 2;
	return version == 2 || listed(options, "cpu");
}

/* The quota of a group in the hierarchy of that version, wherever it is mounted. */
static size_t
quota_in(int version, const char *group)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	size_t least = SIZE_MAX, room = 0, n, found = 0;
	char *line = NULL, *root, *point;
	int below;

	while (f != NULL && found == 0 && getline(&line, &room, f) >= 0) {
		if (!is_mount(line, version, &root, &point))
			continue;
		unescape(root);
		unescape(point);
		/* A container sees the mount from its own group on, and may be told its path from outside. */
		n = strcmp(root, "/") == 0 ? 0 : strlen(root);
		below = strncmp(group, root, n) == 0 && (group[n] == '/' || group[n] == '\0');
		least = quota_below(point, below ? group + n : group);
		found = 1;
	}
	free(line);
	if (f != NULL)
		fclose(f);
	return found > 0 ? least :
	    quota_below(version == 2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu", group);
}

/* By /proc/self/cgroup: lines "number:controllers:/group", the controllers empty in version 2. */
static size_t
quota(void)
{
	size_t least = SIZE_MAX;
	char text[16384], *line, *rest = text;

	if (slurp("/proc/self/cgroup", text, sizeof(text)) < 0)
		return least;
	while ((line = strsep(&rest, "\n")) != NULL) {
		char *controllers = strchr(line, ':'), *group;
		size_t n = SIZE_MAX;

		if (controllers == NULL || (group = strchr(++controllers, ':')) == NULL)
			continue;
		*group++ = '\0';
		if (*controllers == '\0')
			n = quota_in(2, group);
		else if (listed(controllers, "cpu"))
			n = quota_in(1, group);
		if (n < least)
			least = n;
	}
	return least;
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
	size_t n = affine(), least = quota();

	if (n > least)
		n = least;
	if (n > ORDERED_WORKERS)
		n = ORDERED_WORKERS;
	return n < 1 ? 1 : n;
}
