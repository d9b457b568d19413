#define _GNU_SOURCE
#include "system/control_group.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

/* The controller, and the function that reads a limit from one of its directories. */
struct question {
	const char *controller;
	uint64_t (*of)(const char *dir);
};

int
control_group_text(const char *dir, const char *name, char *text, size_t size)
{
	char path[PATH_MAX + 32];
	int fd = -1;
	ssize_t n;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) < sizeof(path))
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = io_read(fd, text, size - 1);
	io_close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return n < 0 ? -1 : 0;
}

/* The least answer of the group and those above it, below the mount point root. */
static uint64_t
least_below(const struct question *q, const char *root, const char *group)
{
	char dir[PATH_MAX];
	uint64_t least = UINT64_MAX;
	size_t root_len = strlen(root);
	char *slash;

	if ((size_t)snprintf(dir, sizeof(dir), "%s%s", root, group) >= sizeof(dir))
		return least;
	for (;;) {
		uint64_t n = q->of(dir);

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

/*
 * Undoes the escapes of mountinfo in place: three octal digits for a blank, a tab, a newline and a
 * backslash.
 */
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
 * Takes a line of mountinfo (proc_pid_mountinfo(5)) apart: "ID parent device root point options
 * ... - type source options".  Whether it is a mount of version 2, or of version 1 with the
 * controller.
 */
static int
is_mount(char *line, int version, const char *controller, char **root, char **point)
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
	return version == 2 || listed(options, controller);
}

/* The answer of a group in the hierarchy of that version, wherever it is mounted. */
static uint64_t
least_in(const struct question *q, int version, const char *group)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	size_t room = 0, n;
	char *line = NULL, *root, *point, usual[PATH_MAX];
	uint64_t least = UINT64_MAX;
	int below, found = 0;

	while (f != NULL && !found && getline(&line, &room, f) >= 0) {
		if (!is_mount(line, version, q->controller, &root, &point))
			continue;
		unescape(root);
		unescape(point);
		/*
		 * A container sees the mount from its own group on, and may be told its path from
		 * outside.
		 */
		n = strcmp(root, "/") == 0 ? 0 : strlen(root);
		below = strncmp(group, root, n) == 0 && (group[n] == '/' || group[n] == '\0');
		least = least_below(q, point, below ? group + n : group);
		found = 1;
	}
	free(line);
	if (f != NULL)
		fclose(f);
	if (found)
		return least;
	snprintf(usual, sizeof(usual), "/sys/fs/cgroup/%s", q->controller);
	return least_below(q, version == 2 ? "/sys/fs/cgroup" : usual, group);
}

/* By /proc/self/cgroup: lines "number:controllers:/group", the controllers empty in version 2. */
uint64_t
control_group_least(const char *controller, uint64_t (*of)(const char *dir))
{
	const struct question q = { .controller = controller, .of = of };
	uint64_t least = UINT64_MAX;
	char text[16384], *line, *rest = text;

	if (control_group_text("/proc/self", "cgroup", text, sizeof(text)) < 0)
		return least;
	while ((line = strsep(&rest, "\n")) != NULL) {
		char *controllers = strchr(line, ':'), *group;
		uint64_t n = UINT64_MAX;

		if (controllers == NULL || (group = strchr(++controllers, ':')) == NULL)
			continue;
		*group++ = '\0';
		if (*controllers == '\0')
			n = least_in(&q, 2, group);
		else if (listed(controllers, controller))
			n = least_in(&q, 1, group);
		if (n < least)
			least = n;
	}
	return least;
}
