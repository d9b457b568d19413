#define _GNU_SOURCE
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#include "base/io.h"

/* How long is waited between two tries, ms. */
#define NAP 10

static int
take(int fd, int ms)
{
	const struct timespec nap = { .tv_nsec = NAP * 1000000 };

	for (; flock(fd, LOCK_EX | LOCK_NB) < 0; ms -= NAP) {
		if (errno != EWOULDBLOCK)
			return -1;
		if (ms <= 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		nanosleep(&nap, NULL);
	}
	return 0;
}

int
lock_file(int dir, const char *name, int ms)
{
	int fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600),
	    saved;

	if (fd < 0)
		return -1;
	if (!io_regular(fd))
		errno = EINVAL;
	else if (take(fd, ms) == 0)
		return fd;
	saved = errno;
	io_close(fd);
	errno = saved;
	return -1;
}
