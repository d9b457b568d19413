#define _GNU_SOURCE
#include "dumps/operand.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/number.h"
#include "dumps/conf.h"

/*
 * A small core's file is smaller than this, bytes; the core in it is at most about this many times
 * as large.
 */
#define SMALL_FILE (16u * 1024 * 1024)
#define SMALL_UNPACKS 64

/* Results of a search for a dump. */
enum { FOUND = 0, FAILED = -1, NOT_THERE = 1 };

static int
refuse(struct operand *o, const char *why)
{
	snprintf(o->why, sizeof(o->why), "%s", why);
	return -1;
}

/* Whether the name is UID/NAME. */
static int
has_user(const char *name)
{
	size_t n = strspn(name, "0123456789");

	return n > 0 && name[n] == '/' && name[n + 1] != '\0' && strchr(name + n + 1, '/') == NULL;
}

static int
is_name(const char *file, const char *name)
{
	return file != NULL && strcmp(file, name) == 0;
}

/* Opens a directory and finds the dump of that name in it. */
static int
find_dump(struct operand *o, const char *dir, const char *name)
{
	if ((o->dir = dumps_open(dir)) < 0 || dumps_read(&o->dumps, o->dir, DUMPS_USERS) < 0)
		return FAILED;
	o->dump = dumps_find(&o->dumps, name);
	return o->dump != NULL ? FOUND : NOT_THERE;
}

/* Forgets what find_dump has found. */
static void
forget_dump(struct operand *o)
{
	if (o->dir >= 0)
		io_close(o->dir);
	o->dir = -1;
	o->dump = NULL;
	dumps_free(&o->dumps);
}

/* Why a dump has no file to read. */
static const char *
why_no_file(const struct dump *d, int small)
{
	if (small)
		return d->state != DUMP_OPEN ? "it has no small core" :
		    "no small core yet: it is being written";
	switch (d->state) {
	case DUMP_OPEN:
		return "no file yet: it is being written";
	case DUMP_LOST:
		return "no file: its handler was lost";
	case DUMP_GONE:
		return "its file is not there any more";
	default:
		return "there is its record alone";
	}
}

/* Why the small core of a dump is read in place of the full one. */
static const char *
why_small(const struct dump *d)
{
	if (d->state == DUMP_CUT)
		return "the small core: the full one was cut short";
	if (d->file != NULL)
		return "the small core: only a part of the full one is there";
	if (d->state == DUMP_OPEN)
		return "the small core: the full one is being written";
	return "the small core: the full one is not there";
}

/*
 * The file that is meant of the dump that was found by a name; NULL, and why, when that is not
 * there.
 */
static const char *
choose_file(struct operand *o, const char *name, int small)
{
	const struct dump *d = o->dump;
	const char *file;

	if (!small && is_name(d->file, name))
		file = d->file;
	else if (small || is_name(d->small, name))
		file = d->small;
	else if ((file = dump_choice(d)) != NULL && file == d->small)
		o->note = why_small(d);
	if (file == NULL)
		refuse(o, why_no_file(d, small));
	o->is_small = file != NULL && file == d->small;
	return file;
}

/* Opens a file of the dump that was found in dir. */
static int
open_file(struct operand *o, const char *dir, const char *name, int small)
{
	const char *file = choose_file(o, name, small);
	size_t n = strlen(dir);

	if (file == NULL)
		return -1;
	n = (size_t)snprintf(o->file, sizeof(o->file), "%s%s%s", dir,
	    n > 0 && dir[n - 1] == '/' ? "" : "/", file);
	if (n >= sizeof(o->file)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	o->fd = dumps_open_file(o->dir, file);
	return o->fd < 0 ? -1 : 0;
}

/*
 * Keeps the record of a dump only when the file that was opened by its path is one of the dump's.
 */
static void
keep_record(struct operand *o, const char *name)
{
	o->is_small = o->dump != NULL && is_name(o->dump->small, name);
	/* A file may have the name of another's dump. */
	if (o->dump != NULL && !o->is_small && !is_name(o->dump->file, name))
		o->dump = NULL;
}

/*
 * A path, of which name is the last part: a file with the record beside it, or a directory and the
 * name of a dump.
 */
static int
open_path(struct operand *o, const char *path, const char *name, int small)
{
	size_t slash = (size_t)(name - path) - 1;
	char dir[PATH_MAX];
	int found;

	if (strlen(path) >= sizeof(dir)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	snprintf(dir, sizeof(dir), "%.*s", slash == 0 ? 1 : (int)slash, path);
	if (!small && (o->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) < 0 &&
	    errno != ENOENT)
		return -1;
	found = find_dump(o, dir, name);
	if (o->fd >= 0) {
		keep_record(o, name);
		strcpy(o->file, path);
		return 0;
	}
	if (found == FOUND)
		return open_file(o, dir, name, small);
	if (found == NOT_THERE && access(path, F_OK) == 0)
		return refuse(o, "no dump that has a small core");
	if (found == NOT_THERE)
		errno = ENOENT;
	return -1;
}

static int
open_name(struct operand *o, const char *name, const char *usual, int small)
{
	const char *slash = strrchr(name, '/');
	int found;

	if (slash != NULL && !has_user(name))
		return open_path(o, name, slash + 1, small);
	if ((found = find_dump(o, usual, name)) == FOUND)
		return open_file(o, usual, name, small);
	if (slash != NULL) {
		forget_dump(o);
		return open_path(o, name, slash + 1, small);
	}
	if (found == FAILED)
		snprintf(o->why, sizeof(o->why), "%s: %s", usual, strerror(errno));
	else
		snprintf(o->why, sizeof(o->why), "no such dump in %s; a path has a slash", usual);
	return -1;
}

/* Locks the file that was opened, when it is one to read: 0, or -1. */
static int
lock_file(struct operand *o)
{
	struct stat st;

	if (fstat(o->fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode))
		return refuse(o, "not a regular file");
	/* A file system without locks has no core-prune that heeds them. */
	if (flock(o->fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return refuse(o, "locked, by who removes it");
	if (fstat(o->fd, &st) == 0 && st.st_nlink == 0)
		return refuse(o, "was removed just now");
	return 0;
}

static void
begin(struct operand *o, const char *shown)
{
	memset(o, 0, sizeof(*o));
	o->fd = o->dir = -1;
	snprintf(o->shown, sizeof(o->shown), "%s", shown);
}

int
operand_open_dump(struct operand *o, const char *name, const char *usual, int small)
{
	const char *path;
	int rc;

	begin(o, "");
	rc = open_name(o, name, usual, small);
	if (rc == 0)
		rc = lock_file(o);
	if (rc < 0 && o->why[0] == '\0')
		refuse(o, strerror(errno));
	path = o->file[0] != '\0' ? o->file : name;
	record_escape(o->shown, path, strnlen(path, PATH_MAX));
	return rc;
}

/* As a dump in the directory of the configuration. */
static int
open_configured(struct operand *o, const char *operand, int small, const char *conf,
    const char *usual)
{
	char *dir;
	int rc;

	if (conf_dir(conf, &dir) < 0)
		dir = NULL;
	rc = operand_open_dump(o, operand, dir != NULL ? dir : usual, small);
	free(dir);
	if (o->file[0] == '\0')
		snprintf(o->shown, sizeof(o->shown), "%s", operand);
	/* To a user who names a file that is not there dumps mean nothing. */
	if (rc < 0 && o->dump == NULL && !small && strcmp(operand, "last") != 0)
		refuse(o, strerror(ENOENT));
	return rc;
}

int
operand_open(struct operand *o, const char *operand, int small, const char *conf, const char *usual)
{
	int std = operand == NULL || strcmp(operand, "-") == 0;

	begin(o, std ? "<stdin>" : operand);
	if (std && small)
		return refuse(o, "no dump that has a small core");
	if (small)
		return open_configured(o, operand, small, conf, usual);
	if ((o->fd = io_open(operand)) < 0 && errno == ENOENT)
		return open_configured(o, operand, small, conf, usual);
	if (o->fd < 0)
		return refuse(o, strerror(errno));
	return isatty(o->fd) ? refuse(o, "is a terminal: a core is not read from there") : 0;
}

uint64_t
operand_core_size(const struct operand *o)
{
	uint64_t size;

	/*
	 * A small core is small, however well it is compressed; of the full one the record may say
	 * anything.
	 */
	if (o->is_small)
		return o->dump->small_size < SMALL_FILE ? SMALL_UNPACKS * o->dump->small_size : 0;
	return o->dump != NULL && number_parse(o->dump->bytes, 1, INT64_MAX, &size) == 0 ? size : 0;
}

void
operand_close(struct operand *o)
{
	if (o->fd > STDIN_FILENO)
		io_close(o->fd);
	o->fd = -1;
	forget_dump(o);
}
