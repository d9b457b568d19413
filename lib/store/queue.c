#define _GNU_SOURCE
#include "store/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"

/* How long is waited between two looks, ms. */
#define NAP 50

/* Takes the place of that number; 1, 0 when another has it, -1 with errno. */
static int
take(int fd, int place)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = place,
		.l_len = 1 };

	if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
		return 1;
	return errno == EAGAIN || errno == EACCES ? 0 : -1;
}

/* Takes one of so many places within so many seconds; 0, or -1 with errno. */
static int
enter(int fd, int places, int seconds)
{
	const struct timespec nap = { .tv_nsec = NAP * 1000000 };
	int64_t looks = (int64_t)seconds * 1000 / NAP;
	int rc = 0;

	for (;; looks--) {
		for (int place = 0; rc == 0 && place < places; place++)
			rc = take(fd, place);
		if (rc > 0)
			return 0;
		if (rc < 0)
			return -1;
		if (looks <= 0)
			break;
		nanosleep(&nap, NULL);
	}
	errno = ETIMEDOUT;
	return -1;
}

int
queue_enter(int dir, int places, int seconds)
{
	int fd = openat(dir, QUEUE_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    0600);
	int saved;

	if (fd < 0)
		return -1;
	if (enter(fd, places, seconds) == 0)
		return fd;
	saved = errno;
	io_close(fd);
	errno = saved;
	return -1;
}

int
queue_taken(int fd, int places)
{
	int taken = 1;

	/* Our own lock is none to us. */
	for (int place = 0; place < places; place++) {
		struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = place,
			.l_len = 1 };

		taken += fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	}
	return taken;
}

int
queue_hold(int fd, int seconds)
{
	return enter(fd, 1, seconds);
}
