#define _GNU_SOURCE
#include "system/deadline.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "system/spawn.h"

/* How long a process takes at most to end that can be ended, ms. */
#define KILLED_MS 100

void *
deadline_memory(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void
deadline_free(void *memory, size_t len)
{
	if (memory != NULL)
		munmap(memory, len);
}

/* Waits until the other end of the pipe is closed, which only the end of the process does. */
static int
wait_end(int fd, int ms)
{
	int64_t end = now_ms() + ms, left;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	do {
		left = end - now_ms();
		n = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* In the process of deadline_run: what tells by its end that this has come; or -1. */
static int ending = -1;

int
deadline_keep(int fd)
{
	/* The standard descriptors are closed there. */
	if (ending < 0 || dup2(fd, STDIN_FILENO) < 0 || dup2(ending, STDOUT_FILENO) < 0)
		return fd;
	io_close_others(-1);
	return STDIN_FILENO;
}

int
deadline_run(void (*fn)(void *arg), void *arg, int ms)
{
	/* Whoever waits for the end of these must not wait for the child. */
	struct spawn s = { .fd = { SPAWN_CLOSED, SPAWN_CLOSED, SPAWN_CLOSED } };
	int ends[2], n;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	if ((child = spawn_start(&s)) < 0) {
		n = errno;
		io_close(ends[0]);
		io_close(ends[1]);
		errno = n;
		return -1;
	}
	if (child == 0) {
		ending = ends[1];
		fn(arg);
		_exit(0);
	}
	io_close(ends[1]);
	n = wait_end(ends[0], ms);
	if (n <= 0) {
		kill(child, SIGKILL);
		/* Reaped, unless even that does not end it. */
		if (wait_end(ends[0], KILLED_MS) > 0)
			spawn_wait(child);
		io_close(ends[0]);
		errno = ETIMEDOUT;
		return -1;
	}
	io_close(ends[0]);
	if (spawn_wait(child) != 0) {
		errno = ECANCELED;
		return -1;
	}
	return 0;
}
