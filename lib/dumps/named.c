#define _GNU_SOURCE
#include "dumps/named.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/io.h"

/* Whether it is UID/NAME. */
static int
of_user(const char *name)
{
	size_t n = strspn(name, "0123456789");

	return n > 0 && name[n] == '/' && name[n + 1] != '\0' && strchr(name + n + 1, '/') == NULL;
}

/* Puts the path of a file in a directory together; -1 when it is too long. */
static int
put_path(struct dumps_named *n, const char *dir, const char *file)
{
	size_t slash = strlen(dir);

	if ((size_t)snprintf(n->file, sizeof(n->file), "%s%s%s", dir, slash > 0 && dir[slash - 1] == '/' ? "" : "/",
	    file) < sizeof(n->file))
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

/* Which file of the dump is meant; NULL, and why, when that is not there. */
static const char *
choose(struct dumps_named *n, const char *name, int small)
{
	const struct dump *d = n->dump;
	const char *file = small ? d->small : dump_choice(d), *why = "there is its record alone";

	if (!small && d->file != NULL && strcmp(d->file, name) == 0)
		return d->file;
	if (d->small != NULL && strcmp(d->small, name) == 0) {
		n->is_small = 1;
		return d->small;
	}
	if (file != NULL) {
		n->is_small = file == d->small;
		if (!small && file == d->small)
			n->small = d->state == DUMP_CUT ? "the small core: the full one was cut short" :
			    d->file != NULL		? "the small core: only a part of the full one is there" :
			    d->state == DUMP_OPEN	? "the small core: the full one is being written" :
							  "the small core: the full one is not there";
		return file;
	}
	if (small)
		why = d->state == DUMP_OPEN ? "no small core yet: it is being written" : "it has no small core";
	else if (d->state == DUMP_OPEN)
		why = "no file yet: it is being written";
	else if (d->state == DUMP_LOST)
		why = "no file: its handler was lost";
	else if (d->state == DUMP_GONE)
		why = "its file is not there any more";
	snprintf(n->why, sizeof(n->why), "%s", why);
	return NULL;
}

/* Opens the file of the dump that was found. */
static int
open_dump(struct dumps_named *n, int dir, const char *path, const char *name, int small)
{
	const char *file = choose(n, name, small);

	if (file == NULL || put_path(n, path, file) < 0)
		return -1;
	return (n->fd = dumps_open_file(dir, file)) < 0 ? -1 : 0;
}

/* Looks a name up in a directory: 0, -1, or 1 when it is not there. */
static int
look_up(struct dumps_named *n, const char *path, const char *name, int small)
{
	int dir = dumps_open(path), rc = -1, saved;

	if (dir < 0)
		return -1;
	if (dumps_read(&n->dumps, dir, DUMPS_USERS) == 0) {
		n->dump = dumps_find(&n->dumps, name);
		rc = n->dump == NULL ? 1 : open_dump(n, dir, path, name, small);
	}
	saved = errno;
	io_close(dir);
	errno = saved;
	return rc;
}

/* A file by its path, with the record beside it; with small that leads to the small core. */
static int
by_path(struct dumps_named *n, const char *path, const char *dir, const char *name, int small)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), rc, saved = errno;

	if (fd < 0 && errno != ENOENT)
		return -1;
	rc = look_up(n, dir, name, small);
	if (fd >= 0 && small) {
		io_close(fd);
		if (rc > 0)
			snprintf(n->why, sizeof(n->why), "no dump that has a small core");
		return rc == 0 ? 0 : -1;
	}
	if (fd < 0) {
		if (rc > 0)
			errno = saved;
		return rc == 0 ? 0 : -1;
	}
	if (n->fd >= 0)
		io_close(n->fd);
	n->fd = fd;
	n->why[0] = '\0';
	n->small = NULL;
	n->is_small = n->dump != NULL && n->dump->small != NULL && strcmp(n->dump->small, name) == 0;
	/* A file may have the name of another's dump. */
	if (n->dump != NULL && !n->is_small && (n->dump->file == NULL || strcmp(n->dump->file, name) != 0))
		n->dump = NULL;
	if (strlen(path) >= sizeof(n->file)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(n->file, path);
	return 0;
}

/* Whether the file that was opened is one to read: 0, or -1. */
static int
take(struct dumps_named *n)
{
	const char *why = NULL;
	struct stat st;

	if (fstat(n->fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode))
		why = "not a regular file";
	/* A file system without locks has no core-prune that heeds them. */
	else if (flock(n->fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		why = "locked, by who removes it";
	else if (fstat(n->fd, &st) == 0 && st.st_nlink == 0)
		why = "was removed just now";
	if (why != NULL)
		snprintf(n->why, sizeof(n->why), "%s", why);
	return why != NULL ? -1 : 0;
}

static int
open_named(struct dumps_named *n, const char *name, const char *usual, int small)
{
	const char *slash = strrchr(name, '/');
	char *dir;
	int rc, saved;

	if (slash == NULL || of_user(name)) {
		rc = look_up(n, usual, name, small);
		if (rc == 0 || n->dump != NULL)
			return rc == 0 ? take(n) : rc;
		if (slash == NULL && rc < 0)
			snprintf(n->why, sizeof(n->why), "%s: %s", usual, strerror(errno));
		else if (slash == NULL)
			snprintf(n->why, sizeof(n->why), "no such dump in %s; a path has a slash", usual);
		if (slash == NULL)
			return -1;
		dumps_free(&n->dumps);
	}
	if ((dir = strndup(name, slash == name ? 1 : (size_t)(slash - name))) == NULL)
		return -1;
	rc = by_path(n, name, dir, slash + 1, small);
	saved = errno;
	free(dir);
	errno = saved;
	return rc == 0 ? take(n) : rc;
}

int
dumps_named(struct dumps_named *n, const char *name, const char *usual, int small)
{
	int rc;

	memset(n, 0, sizeof(*n));
	n->fd = -1;
	rc = open_named(n, name, usual, small);
	if (rc < 0 && n->why[0] == '\0')
		snprintf(n->why, sizeof(n->why), "%s", strerror(errno));
	return rc;
}

void
dumps_named_free(struct dumps_named *n)
{
	if (n->fd >= 0)
		io_close(n->fd);
	dumps_free(&n->dumps);
}
