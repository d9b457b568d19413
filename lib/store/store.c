#define _GNU_SOURCE
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/io.h"

/* What hidden names start with; HEX digits follow. */
#define HIDDEN ".gzcore."
#define HEX 16

/* How many hidden names are tried before giving up: they are random, one does. */
#define TRIES 8

static int
open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Finds a hidden name that make gives to the file, in s->hidden. */
static int
hide(struct store *s, int (*make)(struct store *))
{
	for (int i = 0; i < TRIES; i++) {
		uint64_t n;

		/* In a directory of many a name that can be guessed can be taken. */
		if (getrandom(&n, sizeof(n), 0) != (ssize_t)sizeof(n))
			break;
		snprintf(s->hidden, sizeof(s->hidden), HIDDEN "%0*" PRIx64, HEX, n);
		if (make(s) == 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	s->hidden[0] = '\0';
	return -1;
}

int
store_hidden(const char *name)
{
	size_t n = strlen(HIDDEN);

	return strncmp(name, HIDDEN, n) == 0 && strlen(name + n) == HEX &&
	    strspn(name + n, "0123456789abcdef") == HEX;
}

int
store_named(int dir, const char *name, int fd)
{
	struct stat st, there;

	return fstat(fd, &st) == 0 && fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == there.st_dev && st.st_ino == there.st_ino;
}

static int
make_hidden(struct store *s)
{
	s->fd = openat(s->dir, s->hidden, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->fd < 0)
		return -1;
	/*
	 * Until it is locked it looks like a leftover.  Where nothing can be locked, leftovers_remove cannot either,
	 * and removes nothing.
	 */
	if ((flock(s->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
	    store_named(s->dir, s->hidden, s->fd))
		return 0;
	unlinkat(s->dir, s->hidden, 0);
	io_close(s->fd);
	s->fd = -1;
	errno = EEXIST;
	return -1;
}

int
store_open(struct store *s, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	char *dir;

	s->dir = s->fd = -1;
	s->hidden[0] = '\0';
	/* A hidden name of ours would be taken for a leftover. */
	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    store_hidden(name)) {
		errno = EINVAL;
		return -1;
	}
	if (strlen(name) + strlen(STORE_PARTIAL) > NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(s->name, name);
	dir = slash == NULL ? strdup(".") :
	    strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (dir == NULL)
		return -1;
	s->dir = open_dir(dir);
	free(dir);
	if (s->dir < 0)
		return -1;
	s->fd = openat(s->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	/* EISDIR: a kernel without O_TMPFILE; EOPNOTSUPP: a file system without. */
	if (s->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOSYS))
		hide(s, make_hidden);
	if (s->fd < 0) {
		store_close(s);
		return -1;
	}
	return 0;
}

int
store_open_to_all(const struct store *s)
{
	struct stat st;

	return fstat(s->dir, &st) == 0 && (st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX);
}

int
store_free(int fd, uint64_t *bytes)
{
	struct statvfs fs;

	if (fstatvfs(fd, &fs) < 0)
		return -1;
	/* Some virtual file systems say what they like. */
	*bytes = fs.f_frsize > 0 && fs.f_bavail > UINT64_MAX / fs.f_frsize ? UINT64_MAX :
		 (uint64_t)fs.f_bavail * fs.f_frsize;
	return 0;
}

int
store_protect(struct store *s, uid_t uid, gid_t gid, mode_t mode)
{
	if ((uid != (uid_t)-1 || gid != (gid_t)-1) && fchown(s->fd, uid, gid) < 0)
		return -1;
	return fchmod(s->fd, mode);
}

/* Links the file in as name. */
static int
link_fd(struct store *s, const char *name)
{
	char path[32];

	if (linkat(s->fd, "", s->dir, name, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno == EEXIST)
		return -1;
	/* AT_EMPTY_PATH wants a privilege; this way wants /proc. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	return linkat(AT_FDCWD, path, s->dir, name, AT_SYMLINK_FOLLOW);
}

static int
link_hidden(struct store *s)
{
	/* Before it can be seen: who has no name has no other lock. */
	flock(s->fd, LOCK_EX | LOCK_NB);
	return link_fd(s, s->hidden);
}

/* Moves the hidden file to name, which nothing may have. */
static int
move_hidden(struct store *s, const char *name)
{
	int fd;

	if (link_fd(s, name) == 0) {
		/* It has its name: a second one that stays is no failure. */
		unlinkat(s->dir, s->hidden, 0);
		return 0;
	}
	if (errno == EEXIST)
		return -1;
	/* As a system call: not every C library has it. */
	if (syscall(SYS_renameat2, s->dir, s->hidden, s->dir, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EEXIST)
		return -1;
	/* Neither here: an empty file reserves the name until the rename. */
	fd = openat(s->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	io_close(fd);
	if (renameat(s->dir, s->hidden, s->dir, name) == 0)
		return 0;
	unlinkat(s->dir, name, 0);
	return -1;
}

/*
 * Whether what was renamed to name is what was written.  Where others may write to the directory, another file can
 * have had the hidden name by then: one of theirs.  There are file systems where each name of a file has a number
 * of its own (libfuse without use_ino), so the number is not asked alone.
 */
static int
ours(const struct store *s, const char *name)
{
	struct stat st, there;

	return store_named(s->dir, name, s->fd) ||
	    (fstat(s->fd, &st) == 0 && fstatat(s->dir, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISREG(there.st_mode) && st.st_uid == there.st_uid && st.st_size == there.st_size);
}

int
store_publish(struct store *s, const char *suffix, int flags)
{
	char name[NAME_MAX + 1];
	int rc;

	if ((size_t)snprintf(name, sizeof(name), "%s%s", s->name, suffix) >= sizeof(name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if ((flags & STORE_SYNC) && fsync(s->fd) < 0)
		return -1;
	if (s->hidden[0] == '\0' && !(flags & STORE_REPLACE)) {
		rc = link_fd(s, name);
	} else {
		if (s->hidden[0] == '\0' && hide(s, link_hidden) < 0)
			return -1;
		if (flags & STORE_REPLACE)
			rc = renameat(s->dir, s->hidden, s->dir, name);
		else
			rc = move_hidden(s, name);
		if (rc == 0)
			s->hidden[0] = '\0';
		if (rc == 0 && !ours(s, name)) {
			errno = ESTALE;
			rc = -1;
		}
	}
	if (rc < 0)
		return -1;
	/* EINVAL: this file system has no such thing as a directory to sync. */
	return (flags & STORE_SYNC) && fsync(s->dir) < 0 && errno != EINVAL;
}

int
store_taken(const struct store *s, int flags)
{
	struct stat st;

	if (fstatat(s->dir, s->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return !(flags & STORE_REPLACE) || (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode));
}

void
store_close(struct store *s)
{
	int saved = errno;

	if (s->hidden[0] != '\0')
		unlinkat(s->dir, s->hidden, 0);
	if (s->fd >= 0)
		io_close(s->fd);
	if (s->dir >= 0)
		io_close(s->dir);
	errno = saved;
}
