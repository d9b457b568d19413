#define _GNU_SOURCE
#include "dumps/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef SYS_openat2
#include <linux/openat2.h>
#endif

#include "base/io.h"
#include "store/lock.h"

/* The lock, in the directory, and how long to wait for it, ms. */
#define LOCK_FILE ".gzcore.prune"
#define LOCK_WAIT 30000
/* The lock of the only one that may wait, where others leave it to that one. */
#define WAITING_FILE ".gzcore.prune.next"

int
dumps_open_user(int fd, const char *user)
{
	const unsigned flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
#ifdef SYS_openat2
	struct open_how how = { .flags = flags, .resolve = RESOLVE_NO_XDEV };
	long rc = syscall(SYS_openat2, fd, user, &how, sizeof(how));

	/* Else an older kernel, or one of whose calls a container is not given all. */
	if (rc >= 0 || (errno != ENOSYS && errno != EPERM))
		return (int)rc;
#endif
	return openat(fd, user, (int)flags);
}

/*
 * Whether nobody else owns the directory: its owner could keep the lock from each of us for as long
 * as that waits.
 */
static int
is_ours(int dir)
{
	struct stat st;

	return fstat(dir, &st) == 0 && st.st_uid == geteuid();
}

int
dumps_lock(int fd, int leave, const char **file)
{
	int ours = is_ours(fd), waiting = -1;

	*file = WAITING_FILE;
	if (leave && ours && (waiting = lock_file(fd, WAITING_FILE, 0)) < 0)
		return errno == ETIMEDOUT ? 0 : -1;
	*file = LOCK_FILE;
	if (lock_file(fd, LOCK_FILE, ours ? LOCK_WAIT : 0) < 0)
		return -1;
	if (waiting >= 0)
		io_close(waiting);
	return 1;
}

/* Opens and locks a file, if there is one, that nobody else has locked: 0, or -1 with errno. */
static int
claim(int dir, const char *name, int *fd)
{
	*fd = -1;
	if (name == NULL)
		return 0;
	*fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (*fd < 0)
		return errno == ENOENT ? 0 : -1;
	return flock(*fd, LOCK_EX | LOCK_NB);
}

/* Names without that of the user before them. */
static int
remove_all(int dir, const char *name, const char *file, const char *small, int record)
{
	const char *const names[] = { file, small };
	int fd[] = { -1, -1 }, rc = 0, saved;
	char text[NAME_MAX + 1];

	if ((size_t)snprintf(text, sizeof(text), "%s.txt", name) >= sizeof(text)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	/* All or nothing: either may be in use. */
	for (size_t i = 0; rc == 0 && i < 2; i++)
		rc = claim(dir, names[i], &fd[i]);
	for (size_t i = 0; rc == 0 && i < 2; i++)
		if (fd[i] >= 0)
			rc = unlinkat(dir, names[i], 0);
	if (rc == 0 && record && unlinkat(dir, text, 0) < 0 && errno != ENOENT)
		rc = -1;
	saved = errno;
	for (size_t i = 0; i < 2; i++)
		if (fd[i] >= 0)
			io_close(fd[i]);
	errno = saved;
	return rc;
}

int
dumps_remove(int fd, const struct dump *d, int file, int small, int record)
{
	const char *slash = strchr(d->name, '/');
	size_t skip = slash == NULL ? 0 : (size_t)(slash - d->name) + 1;
	char user[DUMPS_NAME];
	int dir = fd, rc, saved;

	if (slash != NULL) {
		snprintf(user, sizeof(user), "%.*s", (int)(slash - d->name), d->name);
		if ((dir = dumps_open_user(fd, user)) < 0)
			return -1;
	}
	rc = remove_all(dir, d->name + skip, file && d->file != NULL ? d->file + skip : NULL,
	    small && d->small != NULL ? d->small + skip : NULL, record);
	saved = errno;
	if (dir != fd)
		io_close(dir);
	errno = saved;
	return rc;
}
