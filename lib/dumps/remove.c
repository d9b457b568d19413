#define _GNU_SOURCE
#include "dumps/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef SYS_openat2
#include <linux/openat2.h>
#endif

#include "base/io.h"

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

/* Removes a file that nobody has locked. */
static int
remove_unlocked(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY),
	    rc = -1;
	int saved;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		rc = unlinkat(dir, name, 0);
	saved = errno;
	io_close(fd);
	errno = saved;
	return rc;
}

/* Names without that of the user before them. */
static int
remove_all(int dir, const char *name, const char *file, const char *small, int record)
{
	char text[NAME_MAX + 1];

	if ((size_t)snprintf(text, sizeof(text), "%s.txt", name) >= sizeof(text)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if ((file != NULL && remove_unlocked(dir, file) < 0) ||
	    (small != NULL && remove_unlocked(dir, small) < 0))
		return -1;
	return record && unlinkat(dir, text, 0) < 0 && errno != ENOENT ? -1 : 0;
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
