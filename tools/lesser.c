/* The debugger of a root runs as another user, who has fewer rights. */
#define _DEFAULT_SOURCE
#include "lesser.h"

#include <err.h>
#include <limits.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "confine/executed.h"
#include "system/owner.h"

/* Who runs it for a root who did not come by sudo; else nobody. */
#define USER "gzcore"
#define NOBODY 65534

/* What a debugger reads of the system: nobody but root can put a FIFO or a device there. */
static const char *const system_places[] = { "/bin", "/dev/null", "/dev/random", "/dev/urandom",
	"/dev/zero", "/etc", "/gnu/store", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store",
	"/opt", "/proc", "/sbin", "/sys", "/usr" };

struct lesser
lesser_choose(const char *asked)
{
	struct lesser l = { .uid = (uid_t)-1, .gid = (gid_t)-1 };

	if (asked != NULL) {
		if (owner_parse(asked, &l.uid, &l.gid) == 0 && l.uid == geteuid())
			return l;
		if (owner_resolve(asked, &l.uid, &l.gid) < 0)
			errx(2, "-U %s: no such user, or one without a group", asked);
		if (geteuid() != 0)
			errx(2, "-U %s: only root can run the debugger as another user", asked);
	} else if (geteuid() != 0) {
		return l;
	} else if (!owner_invoker(&l.uid, &l.gid) &&
	    (owner_resolve(USER, &l.uid, &l.gid) < 0 || l.uid == 0)) {
		l.uid = NOBODY;
		l.gid = NOBODY;
	}
	l.other = 1;
	return l;
}

size_t
lesser_text(const struct lesser *l, char text[LESSER_TEXT])
{
	*text = '\0';
	if (l->other)
		snprintf(text, LESSER_TEXT,
		    "setpriv --reuid %ju --regid %ju --clear-groups --no-new-privs ",
		    (uintmax_t)l->uid, (uintmax_t)l->gid);
	return strlen(text);
}

int
lesser_can_open(const struct lesser *l, int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 &&
	    (st.st_mode & (st.st_uid == l->uid ? S_IRUSR : S_IROTH)) != 0;
}

/* Sets the variables that name the user, and leaves out those that lead to what is root's. */
static void
set_environment(const struct passwd *pw, uid_t uid)
{
	static const char *const roots[] = { "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
		"XDG_RUNTIME_DIR", "XDG_STATE_HOME" };
	const char *dir = getenv("TMPDIR");
	char number[24];

	snprintf(number, sizeof(number), "%ju", (uintmax_t)uid);
	if (setenv("HOME", pw != NULL ? pw->pw_dir : "/nonexistent", 1) < 0 ||
	    setenv("USER", pw != NULL ? pw->pw_name : number, 1) < 0 ||
	    setenv("LOGNAME", pw != NULL ? pw->pw_name : number, 1) < 0)
		err(2, "HOME");
	for (size_t k = 0; k < sizeof(roots) / sizeof(*roots); k++)
		unsetenv(roots[k]);
	if (dir != NULL && access(dir, W_OK | X_OK) < 0)
		unsetenv("TMPDIR");
}

void
lesser_become(const struct lesser *l)
{
	struct passwd *pw = getpwuid(l->uid);

	if (owner_take(l->uid, l->gid) < 0)
		err(2, "running the debugger as user %ju: -U names another", (uintmax_t)l->uid);
	set_environment(pw, l->uid);
}

/* A user without a home gets a place for what debuginfod servers send, which goes with the tree. */
static void
set_cache(const struct kept_tree *t)
{
	const char *home = getenv("HOME"), *urls = getenv("DEBUGINFOD_URLS");
	char path[PATH_MAX + 16];

	if (urls == NULL || *urls == '\0' || home == NULL || access(home, W_OK | X_OK) == 0)
		return;
	snprintf(path, sizeof(path), "%s/debuginfod", t->dir);
	if (setenv("DEBUGINFOD_CACHE_PATH", path, 0) < 0)
		err(2, "DEBUGINFOD_CACHE_PATH");
}

/* Paths that may be read. */
struct places {
	char *text;		/* in which some of them are */
	const char **path;
	size_t count, room;
};

static void
add_place(struct places *p, const char *path)
{
	if (ARRAY_GROW(p->path, p->room, p->count, SIZE_MAX / 2) < 0)
		err(2, "memory");
	p->path[p->count++] = path;
}

/* The directory of the program, with what a script of it needs; or those where it is looked for. */
static void
add_program(struct places *p, const char *program)
{
	const char *paths = strchr(program, '/') != NULL ? program : getenv("PATH");
	char *path = strdup(paths != NULL ? paths : ""), *slash;

	if ((p->text = path) == NULL)
		err(2, "memory");
	if (strchr(program, '/') != NULL) {
		add_place(p, program);
		slash = strrchr(path, '/');
		*slash = '\0';
		if (*path != '\0')
			add_place(p, path);
		return;
	}
	for (char *dir = strtok(path, ":"); dir != NULL; dir = strtok(NULL, ":"))
		if (*dir == '/' && dir[1] != '\0')
			add_place(p, dir);
}

/* The directory in a variable, which is not the root. */
static void
add_variable(struct places *p, const char *name)
{
	const char *dir = getenv(name);

	if (dir != NULL && dir[0] == '/' && dir[1] != '\0')
		add_place(p, dir);
}

void
lesser_confine(const struct debugger *d, const struct kept_tree *t, const char *debug)
{
	struct places p = { .count = 0 };
	uid_t uid;
	gid_t gid;

	set_cache(t);
	for (size_t k = 0; k < sizeof(system_places) / sizeof(*system_places); k++)
		add_place(&p, system_places[k]);
	add_program(&p, d->argv[0]);
	add_place(&p, t->dir);
	for (size_t k = 0; k < t->files; k++)
		add_place(&p, t->file[k].path);
	for (size_t k = 1; d->argv[k] != NULL; k++)
		if (*d->argv[k] == '/')
			add_place(&p, d->argv[k]);
	if (debug != NULL)
		add_place(&p, debug);
	if (owner_invoker(&uid, &gid) && uid == getuid())
		add_variable(&p, "HOME");
	add_variable(&p, "DEBUGINFOD_CACHE_PATH");
	if (confine_reading(p.path, p.count) < 0 || confine_typing() < 0)
		err(2, "confining the debugger");
	free(p.path);
	free(p.text);
}
