#include "proc/rights.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/io.h"
#include "proc/task.h"

/* A line of status is four IDs: real, effective, saved, of the file system. */
#define IDS 4

/* Whether all IDs of a line are the same one, *id: that of the first line, when *known is 0. */
static int
are_one(const char *text, const char *key, int known, uint32_t *id)
{
	const char *v = proc_value(text, key);
	char *end;

	for (int i = 0; i < IDS; i++, v = end) {
		if (v == NULL)
			return 0;
		uint32_t n = (uint32_t)strtoul(v, &end, 10);

		if (end == v)
			return 0;
		if (i == 0 && !known)
			*id = n;
		if (n != *id)
			return 0;
	}
	return 1;
}

static int
has_none(const char *text, const char *key)
{
	const char *v = proc_value(text, key);

	return v != NULL && strtoull(v, NULL, 16) == 0;
}

enum proc_rights
proc_rights_of(int dir, int in_namespace)
{
	int tasks = openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC), seen = 0;
	enum proc_rights rights = PROC_RIGHTS_USER;
	char *text = malloc(PROC_STATUS), path[300];
	uint32_t uid = 0, gid = 0;
	struct dirent *e;
	DIR *list = NULL;

	if (text == NULL || tasks < 0 || (list = fdopendir(tasks)) == NULL) {
		if (tasks >= 0)
			io_close(tasks);
		free(text);
		return PROC_RIGHTS_UNKNOWN;
	}
	while (rights == PROC_RIGHTS_USER && (e = readdir(list)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/status", e->d_name);
		if (seen == PROC_RIGHTS_THREADS || proc_text(tasks, path, text, PROC_STATUS) < 0)
			rights = PROC_RIGHTS_UNKNOWN;
		else if (!are_one(text, "Uid:", seen, &uid) || !are_one(text, "Gid:", seen, &gid) ||
		    (!in_namespace && (!has_none(text, "CapPrm:") || !has_none(text, "CapEff:"))))
			rights = PROC_RIGHTS_MORE;
		seen++;
	}
	closedir(list);
	free(text);
	return seen > 0 ? rights : PROC_RIGHTS_UNKNOWN;
}
