#define _GNU_SOURCE
#include "pipe_linux.h"

#include <errno.h>
#include <fcntl.h>

#include "io.h"

void
pipe_grow(int fd)
{
	int saved = errno;

	if (fcntl(fd, F_GETPIPE_SZ) < PIPE_SIZE)
		fcntl(fd, F_SETPIPE_SZ, PIPE_SIZE);
	errno = saved;
}

ssize_t
pipe_splice(int in, int out, size_t len)
{
	for (;;) {
		ssize_t n = splice(in, NULL, out, NULL, len, SPLICE_F_MOVE);

		if (n >= 0)
			return n;
		if (errno == EAGAIN) {
			/* Either side may be the one that is non-blocking. */
			io_wait(in, 0);
			io_wait(out, 1);
		} else if (errno != EINTR) {
			return -1;
		}
	}
}
