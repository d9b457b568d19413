#define _GNU_SOURCE
#include "kept/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "kept/copy.h"
#include "record/record.h"
#include "store/lock.h"

#define LOCK_FILE ".gzcore.keep"

/* Opens a directory of dir that is ours alone; with create it is made. */
static int
open_own(int dir, const char *name, int create)
{
	struct stat st;
	int fd;

	if (create && mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
		return -1;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	/* In a directory of many others may have made it first. */
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return fd;
	io_close(fd);
	errno = EPERM;
	return -1;
}

int
kept_store_open(struct kept_store *s, int at, const char *dir)
{
	int saved;

	s->lock = s->modules = -1;
	if ((s->dir = openat(at, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return -1;
	if ((s->modules = open_own(s->dir, KEPT_DIR, 0)) >= 0 || errno == ENOENT)
		return 0;
	saved = errno;
	io_close(s->dir);
	s->dir = -1;
	errno = saved;
	return -1;
}

int
kept_store_make(struct kept_store *s)
{
	if (s->modules < 0)
		s->modules = open_own(s->dir, KEPT_DIR, 1);
	return s->modules < 0 ? -1 : 0;
}

void
kept_store_close(struct kept_store *s)
{
	kept_store_unlock(s);
	if (s->modules >= 0)
		io_close(s->modules);
	if (s->dir >= 0)
		io_close(s->dir);
	s->modules = s->dir = -1;
}

int
kept_store_lock(struct kept_store *s, int ms)
{
	s->lock = lock_file(s->modules, LOCK_FILE, ms);
	return s->lock < 0 ? -1 : 0;
}

void
kept_store_unlock(struct kept_store *s)
{
	if (s->lock >= 0)
		io_close(s->lock);
	s->lock = -1;
}

int
kept_store_is_name(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len < KEPT_NAME && len % 2 == 0 &&
	    strspn(text, "0123456789abcdef") == len;
}

int
kept_item_open(const struct kept_store *s, const char *kind, const char *name, int create)
{
	int dir = open_own(s->modules, kind, create), item, saved;

	if (dir < 0)
		return -1;
	item = open_own(dir, name, create);
	saved = errno;
	/* EINVAL: this file system has no such thing as a directory to sync. */
	if (item >= 0 && create && fsync(dir) < 0 && errno != EINVAL) {
		saved = errno;
		io_close(item);
		item = -1;
	}
	io_close(dir);
	errno = saved;
	return item;
}

void
kept_item_drop(const struct kept_store *s, const char *kind, const char *name)
{
	int dir = open_own(s->modules, kind, 0);

	if (dir < 0)
		return;
	unlinkat(dir, name, AT_REMOVEDIR);
	io_close(dir);
}

int
kept_item_file(int item)
{
	int fd = openat(item, KEPT_FILE,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0 && !io_regular(fd)) {
		io_close(fd);
		fd = -1;
		errno = EINVAL;
	}
	return fd;
}

int
kept_item_create(struct store *st, int item, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", item, name);
	return store_open(st, path);
}

void
kept_item_touch(int item)
{
	futimens(item, NULL);
}

/* Whether text has the line. */
static int
has_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *p = text; (p = strstr(p, line)) != NULL; p++)
		if ((p == text || p[-1] == '\n') && p[len] == '\n')
			return 1;
	return 0;
}

/* The list as it is: its bytes are in text, terminated, and their number comes back. */
static size_t
read_paths(int item, char *text)
{
	int fd = openat(item, KEPT_PATHS_FILE,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t n = fd < 0 || !io_regular(fd) ? 0 : io_read(fd, text, KEPT_PATHS_MOST);

	if (fd >= 0)
		io_close(fd);
	n = n < 0 ? 0 : n;
	text[n] = '\0';
	return (size_t)n;
}

int
kept_item_add_path(int item, const char *path)
{
	char *text = malloc(KEPT_PATHS_MOST + RECORD_ESCAPED(CORE_PATH) + 2);
	size_t len, line;
	struct store st;
	int rc;

	if (text == NULL)
		return -1;
	len = read_paths(item, text);
	line = record_escape(text + len + 1, path, strnlen(path, CORE_PATH));
	if (has_line(text, text + len + 1) || len + line + 1 > KEPT_PATHS_MOST) {
		free(text);
		return 0;
	}
	memmove(text + len, text + len + 1, line);
	text[len + line] = '\n';
	rc = kept_item_create(&st, item, KEPT_PATHS_FILE);
	if (rc == 0) {
		rc = io_write(st.fd, text, len + line + 1) < 0 ||
		    store_publish(&st, "", STORE_SYNC | STORE_REPLACE) < 0 ? -1 : 0;
		store_close(&st);
	}
	free(text);
	return rc;
}
