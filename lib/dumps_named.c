#define _GNU_SOURCE
#include "dumps_named.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "io.h"

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

/* Opens the file of the dump that was found. */
static int
open_dump(struct dumps_named *n, int dir, const char *path)
{
	if (n->dump->file == NULL) {
		snprintf(n->why, sizeof(n->why), "%s",
		    n->dump->state == DUMP_OPEN ? "no file yet: it is being written" :
		    n->dump->state == DUMP_LOST ? "no file: its handler was lost" :
		    n->dump->state == DUMP_GONE ? "its file is not there any more" :
						  "there is its record alone");
		return -1;
	}
	if (put_path(n, path, n->dump->file) < 0)
		return -1;
	return (n->fd = dumps_open_file(dir, n->dump)) < 0 ? -1 : 0;
}

/* Looks a name up in a directory: 0, -1, or 1 when it is not there. */
static int
look_up(struct dumps_named *n, const char *path, const char *name)
{
	int dir = dumps_open(path), rc = -1, saved;

	if (dir < 0)
		return -1;
	if (dumps_read(&n->dumps, dir, DUMPS_USERS) == 0) {
		n->dump = dumps_find(&n->dumps, name);
		rc = n->dump == NULL ? 1 : open_dump(n, dir, path);
	}
	saved = errno;
	io_close(dir);
	errno = saved;
	return rc;
}

/* A file by its path, with the record beside it. */
static int
by_path(struct dumps_named *n, const char *path, const char *dir, const char *name)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), rc, saved = errno;

	if (fd < 0 && errno != ENOENT)
		return -1;
	rc = look_up(n, dir, name);
	if (fd < 0) {
		if (rc > 0)
			errno = saved;
		return rc == 0 ? 0 : -1;
	}
	if (n->fd >= 0)
		io_close(n->fd);
	n->fd = fd;
	n->why[0] = '\0';
	/* A file may have the name of another's dump. */
	if (n->dump != NULL && (n->dump->file == NULL || strcmp(n->dump->file, name) != 0))
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
open_named(struct dumps_named *n, const char *name, const char *usual)
{
	const char *slash = strrchr(name, '/');
	char *dir;
	int rc, saved;

	if (slash == NULL || of_user(name)) {
		rc = look_up(n, usual, name);
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
	rc = by_path(n, name, dir, slash + 1);
	saved = errno;
	free(dir);
	errno = saved;
	return rc == 0 ? take(n) : rc;
}

int
dumps_named(struct dumps_named *n, const char *name, const char *usual)
{
	int rc;

	memset(n, 0, sizeof(*n));
	n->fd = -1;
	rc = open_named(n, name, usual);
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
