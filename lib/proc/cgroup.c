#include "proc/cgroup.h"

#include <stdio.h>
#include <string.h>

#define CONTAINER_ID 64

static int
starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static int
ends(const char *s, const char *with)
{
	size_t n = strlen(s), k = strlen(with);

	return n >= k && strcmp(s + n - k, with) == 0;
}

/* The path of the hierarchy that says most, or NULL. */
static const char *
hierarchy(char *text)
{
	const char *v2 = NULL, *systemd = NULL, *first = NULL;
	char *line, *next, *path;

	for (line = text; line != NULL && *line != '\0'; line = next) {
		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		/* Number, controllers, path: the path may hold colons. */
		if ((path = strchr(line, ':')) == NULL || (path = strchr(path + 1, ':')) == NULL)
			continue;
		path++;
		if (starts(line, "0::"))
			v2 = path;
		else if (strstr(line, ":name=systemd:") == path - strlen(":name=systemd:"))
			systemd = path;
		if (first == NULL)
			first = path;
	}
	if (v2 != NULL && (systemd == NULL || strcmp(v2, "/") != 0))
		return v2;
	return systemd != NULL ? systemd : first;
}

/* A name with systemd's escapes, \x2d for a hyphen, undone; from is len bytes. */
static void
unescape(const char *from, size_t len, char to[CGROUP_NAME])
{
	size_t n = 0;
	unsigned c;

	for (size_t i = 0; i < len && n + 1 < CGROUP_NAME; n++) {
		if (len - i >= 4 && sscanf(from + i, "\\x%2x", &c) == 1 && c != 0) {
			to[n] = (char)c;
			i += 4;
		} else {
			to[n] = from[i++];
		}
	}
	to[n] = '\0';
}

/* Whether a component holds a container's ID, as docker-ID.scope and plain ID do; takes it. */
static int
id_of(const char *name, char to[CGROUP_NAME])
{
	const char *id = strrchr(name, '-');
	size_t n;

	id = id == NULL ? name : id + 1;
	n = strspn(id, "0123456789abcdef");
	if (n != CONTAINER_ID || (id[n] != '\0' && strcmp(id + n, ".scope") != 0))
		return 0;
	snprintf(to, CGROUP_NAME, "%.*s", CONTAINER_ID, id);
	return 1;
}

/* What a component says of the container, the one before it being known. */
static void
container_of(const char *before, const char *name, char to[CGROUP_NAME])
{
	size_t len = strlen(name);

	if (id_of(name, to))
		return;
	if (starts(name, "lxc.payload."))
		snprintf(to, CGROUP_NAME, "%.*s", CGROUP_NAME - 1, name + strlen("lxc.payload."));
	else if (strcmp(before, "lxc") == 0)
		snprintf(to, CGROUP_NAME, "%.*s", CGROUP_NAME - 1, name);
	else if (strcmp(before, "machine.slice") == 0 && starts(name, "machine-") &&
	    !starts(name, "machine-qemu\\x2d") && ends(name, ".scope"))
		unescape(name + strlen("machine-"), len - strlen("machine-.scope"), to);
}

static int
is_unit(const char *name)
{
	static const char *const kinds[] = { ".service", ".scope", ".socket", ".mount", ".swap" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (ends(name, kinds[i]))
			return 1;
	return 0;
}

void
cgroup_parse(char *text, struct cgroup *out)
{
	const char *path = hierarchy(text), *before = "";
	char copy[CGROUP_PATH];
	/* Whose the next unit is: the system's, a user's, nobody's. */
	enum { SYSTEM, USER, DONE } manager = SYSTEM;

	memset(out, 0, sizeof(*out));
	if (path == NULL)
		return;
	snprintf(out->path, sizeof(out->path), "%.*s", CGROUP_PATH - 1, path);
	memcpy(copy, out->path, sizeof(copy));
	for (char *at = copy, *name, *save; (name = strtok_r(at, "/", &save)) != NULL; at = NULL) {
		/* The first: what is below is the container's own to name, and what a user has, the user's. */
		if (out->container[0] == '\0' && manager != USER && out->user_unit[0] == '\0')
			container_of(before, name, out->container);
		before = name;
		/* A name of systemd's that would be one of the kernel's has an underscore in front. */
		if (*name == '_')
			name++;
		if (manager == DONE || ends(name, ".slice"))
			continue;
		if (!is_unit(name)) {
			manager = DONE;
			continue;
		}
		snprintf(manager == SYSTEM ? out->unit : out->user_unit, CGROUP_NAME, "%.*s",
		    CGROUP_NAME - 1, name);
		manager = manager == SYSTEM && starts(name, "user@") ? USER : DONE;
	}
}
