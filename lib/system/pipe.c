#define _GNU_SOURCE
#include "system/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "system/end_input.h"

/* How long to nap for the kernel to write some more, nanoseconds: a tenth of what fills the pipe. */
#define NAP 50000
/* The same to look again at what a pipe holds. */
#define PEEK_NAP 200000
/* How often an input that stands still is looked at, ms. */
#define TICK 100

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

int
pipe_lend(int out, const void *buf, size_t len)
{
	struct iovec v = { .iov_base = (void *)(uintptr_t)buf, .iov_len = len };

	while (v.iov_len > 0) {
		ssize_t n = vmsplice(out, &v, 1, 0);

		if (n < 0 && errno == EBADF)
			return io_write(out, v.iov_base, v.iov_len);
		if (n < 0 && errno == EAGAIN)
			io_wait(out, 1);
		else if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			v.iov_base = (char *)v.iov_base + n;
			v.iov_len -= (size_t)n;
		}
	}
	return 0;
}

int
pipe_await(int in, int out)
{
	struct pollfd p[] = { { .fd = in, .events = POLLIN }, { .fd = out } };

	for (;;) {
		int n = poll(p, 2, TICK);

		if (n > 0 && (p[1].revents & POLLERR) != 0) {
			errno = EPIPE;
			return -1;
		}
		if (n > 0 || end_input_told() != 0)
			return n > 0;
	}
}

/* Moves 1 to len bytes of in to out: how many, 0 at the end of in, or IO_READ or IO_WRITE. */
static ssize_t
splice_some(int in, int out, size_t len)
{
	ssize_t n = pipe_splice(in, out, len);

	if (n >= 0)
		return n;
	return errno == EPIPE || errno == ENOSPC || errno == EFBIG ? IO_WRITE : IO_READ;
}

/* The same by copying. */
static ssize_t
copy_some(int in, int out, size_t len)
{
	char buf[16384];
	ssize_t n = io_read_some(in, buf, len < sizeof(buf) ? len : sizeof(buf));

	if (n <= 0)
		return n == 0 ? 0 : IO_READ;
	return io_write(out, buf, (size_t)n) < 0 ? IO_WRITE : n;
}

int
pipe_pass(int in, int out)
{
	return pipe_pass_most(in, out, UINT64_MAX);
}

int
pipe_pass_most(int in, int out, uint64_t most)
{
	int splices = 1, rc;
	char more;

	pipe_grow(in);
	pipe_grow(out);
	while (most > 0) {
		size_t len = most < PIPE_SIZE ? (size_t)most : PIPE_SIZE;
		ssize_t n;

		if ((rc = pipe_await(in, out)) <= 0)
			return rc == 0 ? 0 : IO_WRITE;
		n = splices ? splice_some(in, out, len) : copy_some(in, out, len);
		if (splices && n < 0 && errno == EINVAL) {
			splices = 0;
			continue;
		}
		if (n <= 0)
			return (int)n;
		most -= (uint64_t)n;
	}
	return io_read_some(in, &more, 1) > 0;
}

ssize_t
pipe_peek(int fd, void *buf, size_t len, int patience)
{
	const struct timespec nap = { .tv_nsec = PEEK_NAP };
	int own[2], saved;
	ssize_t n, last = -1;
	int64_t grew = now_ms();

	if (pipe2(own, O_CLOEXEC) < 0)
		return -1;
	pipe_grow(own[0]);
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		/* Asked before: once nobody writes any more, what is there is all. */
		int ended = poll(&p, 1, 0) > 0 && (p.revents & POLLHUP) != 0;

		n = tee(fd, own[1], len, 0);
		if (n < 0 && errno == EAGAIN)
			io_wait(fd, 0);
		else if (n < 0 && errno != EINTR)
			break;
		if (n < 0)
			continue;
		n = io_read(own[0], buf, (size_t)n);
		if (n <= 0 || (size_t)n == len || ended)
			break;
		if (n != last)
			grew = now_ms();
		else if (patience >= 0 && now_ms() - grew >= patience)
			break;
		last = n;
		/* A call that programs which confine themselves have. */
		ppoll(NULL, 0, &nap, NULL);
	}
	saved = errno;
	io_close(own[0]);
	io_close(own[1]);
	errno = saved;
	return n;
}

void
pipe_open(struct pipe_input *p, int fd)
{
	p->fd = fd;
	pipe_grow(fd);
	if (fcntl(fd, F_GETPIPE_SZ) < 0 || pipe2(p->own, O_CLOEXEC) < 0)
		p->own[0] = p->own[1] = -1;
	else
		pipe_grow(p->own[0]);
}

void
pipe_close(struct pipe_input *p)
{
	if (p->own[0] >= 0) {
		io_close(p->own[0]);
		io_close(p->own[1]);
	}
}

static ssize_t
read_some(struct pipe_input *p, void *buf, size_t len)
{
	ssize_t n;

	if (p->own[0] < 0)
		return io_read_some(p->fd, buf, len);
	n = pipe_splice(p->fd, p->own[1], len);
	return n > 0 ? io_read(p->own[0], buf, (size_t)n) : n;
}

ssize_t
pipe_gather(struct pipe_input *p, void *buf, size_t len)
{
	/* A sixteenth of the pipe, or it is the end, costs the kernel no waiting. */
	static const size_t plenty = PIPE_SIZE / 16;
	const struct timespec nap = { .tv_nsec = NAP };
	size_t done = 0;

	while (done < len) {
		ssize_t n = read_some(p, (char *)buf + done, len - done);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
		if ((size_t)n < plenty && done < len)
			nanosleep(&nap, NULL);
	}
	return (ssize_t)done;
}
