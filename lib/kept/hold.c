#define _GNU_SOURCE
#include "kept/hold.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "proc/proc.h"
#include "proc/task.h"
#include "system/deadline.h"
#include "system/spawn.h"

/* How often a child that stood still is replaced. */
#define CHILDREN 4
/* How many descriptors are given at once: the kernel takes 253. */
#define GIVEN 128
#define PAGE 4096u

/* A child: what it looks at, and the socket to which it gives the descriptors. */
struct looker {
	struct kept_shared *s;
	const struct kept_process *p;
	int to;
};

/* Reads the real user and group, since their file systems may answer nobody else; and the state. */
static void
read_status(struct kept_shared *s, int thread)
{
	char *text = malloc(PROC_STATUS);
	const char *uid, *gid, *dumped;

	if (text == NULL || proc_text(thread, "status", text, PROC_STATUS) < 0) {
		free(text);
		return;
	}
	dumped = proc_value(text, "CoreDumping:");
	s->dumped = dumped != NULL && strtol(dumped, NULL, 10) == 1;
	if ((uid = proc_value(text, "Uid:")) != NULL && (gid = proc_value(text, "Gid:")) != NULL) {
		s->uid = (uint32_t)strtoul(uid, NULL, 10);
		s->gid = (uint32_t)strtoul(gid, NULL, 10);
		s->has_user = 1;
	}
	free(text);
}

/*
 * Opens map_files.  A thread's directory in task has none, but /proc/TID, which is not listed, has;
 * the process's own lacks it once its first thread has ended.
 */
static int
open_map_files(pid_t pid, int thread)
{
	char path[64], target[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", thread);
	n = readlink(path, target, sizeof(target) - 1);
	if (n > 0) {
		const char *tid;

		target[n] = '\0';
		if ((tid = strstr(target, "/task/")) != NULL)
			pid = (pid_t)strtol(tid + strlen("/task/"), NULL, 10);
	}
	snprintf(path, sizeof(path), "/proc/%ld/map_files", (long)pid);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Gives our parent the descriptors fd[n] of the modules from number first on; they are closed. */
static int
give(int to, size_t first, const int *fd, size_t n)
{
	struct iovec part = { .iov_base = &first, .iov_len = sizeof(first) };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(GIVEN * sizeof(int))];
	} control = { .bytes = { 0 } };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	ssize_t rc;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fd, n * sizeof(int));
	rc = sendmsg(to, &m, MSG_NOSIGNAL);
	for (size_t i = 0; i < n; i++)
		io_close(fd[i]);
	return rc == (ssize_t)sizeof(first) ? 0 : -1;
}

/* Opens the file of a module; a message has descriptors alone, so without one: /proc/self. */
static int
open_module(struct kept_module *m, int maps)
{
	char name[64];
	int fd = -1;

	snprintf(name, sizeof(name), "%" PRIx64 "-%" PRIx64, m->start, m->end);
	/* The child before us stood still at this one. */
	if (m->tried && !m->opened)
		m->why = ETIMEDOUT;
	m->tried = 1;
	if (m->why == 0 && (fd = openat(maps, name, O_PATH | O_CLOEXEC)) < 0)
		m->why = errno;
	m->opened = 1;
	return fd >= 0 ? fd : open("/proc/self", O_PATH | O_CLOEXEC);
}

/* Opens the files that our parent does not have yet. */
static int
open_modules(const struct looker *l, int maps)
{
	struct kept_shared *s = l->s;
	int fd[GIVEN];
	size_t n = 0;

	for (s->opened = s->given; s->opened < s->count;) {
		if ((fd[n] = open_module(&s->module[s->opened], maps)) < 0)
			return -1;
		n++;
		s->opened++;
		if (n < GIVEN && s->opened < s->count)
			continue;
		if (give(l->to, s->given, fd, n) < 0)
			return -1;
		s->given += n;
		n = 0;
	}
	return 0;
}

/* Reads the start of each image, as far as it is mapped; of what is no ELF file, none. */
static void
read_heads(struct kept_shared *s, int mem)
{
	while (s->read < s->count) {
		uint8_t *head = s->head[s->read];
		struct kept_module *m = &s->module[s->read++];
		uint64_t there = m->end - m->start;
		size_t want = there < CORE_IMAGE_HELD ? (size_t)there : CORE_IMAGE_HELD;
		ssize_t n = io_pread(mem, head, want < PAGE ? want : PAGE, m->start);

		m->answered = 1;
		if (n < (ssize_t)SELFMAG || memcmp(head, ELFMAG, SELFMAG) != 0)
			continue;
		m->head_len = (uint32_t)n;
		if (want > (size_t)n && (n = io_pread(mem, head + m->head_len,
		    want - m->head_len, m->start + m->head_len)) > 0)
			m->head_len += (uint32_t)n;
	}
}

/* The child: goes on where the one before it was. */
static int
look(const struct looker *l)
{
	struct kept_shared *s = l->s;
	int dir, thread = -1, maps = -1, mem = -1, rc = -1;

	if (!s->listed) {
		if (kept_list(s, l->p) < 0)
			return -1;
		s->listed = 1;
	}
	if ((dir = proc_hold(l->p->pid)) >= 0 && (thread = proc_hold_thread(dir, 0)) >= 0) {
		read_status(s, thread);
		maps = open_map_files(l->p->pid, thread);
		mem = openat(thread, "mem", O_RDONLY | O_CLOEXEC);
	}
	if (maps < 0 || mem < 0 || open_modules(l, maps) < 0)
		return -1;
	read_heads(s, mem);
	/* Whatever was opened is the process's, if that is still there. */
	if ((l->p->pidfd < 0 || proc_pidfd_is(l->p->pidfd, l->p->pid) == 1) &&
	    (l->p->dumped < 0 || proc_is_dumped(l->p->dumped, 0, l->p->uid)))
		rc = 0;
	else
		errno = ESRCH;
	s->proved = rc == 0;
	return rc;
}

/* Takes what the child gives at once: 1, or 0 when there is no more, or none now. */
static int
take(struct kept_held *h, int from)
{
	size_t first;
	struct iovec part = { .iov_base = &first, .iov_len = sizeof(first) };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(GIVEN * sizeof(int))];
	} control;
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct kept_module *module = h->shared->module;
	struct cmsghdr *c;
	size_t n;
	int fd;

	if (recvmsg(from, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(first))
		return 0;
	if ((c = CMSG_FIRSTHDR(&m)) == NULL || c->cmsg_type != SCM_RIGHTS)
		return 1;
	n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	for (size_t i = 0; i < n; i++) {
		memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
		if (module[first + i].why != 0 || h->fd[first + i] >= 0)
			io_close(fd);
		else
			h->fd[first + i] = fd;
	}
	return 1;
}

/* Takes what the child gives until it has ended; -1 when it stands still, or the time is up. */
static int
listen_to(struct kept_held *h, int from, int64_t end)
{
	const struct kept_shared *s = h->shared;
	struct pollfd p = { .fd = from, .events = POLLIN };
	size_t before = SIZE_MAX;
	int n;

	for (;;) {
		size_t now = (size_t)s->listed + s->opened + s->read;
		int64_t left = end - now_ms();

		/* Nothing came for so long, and it did not go on either. */
		if (left <= 0 || now == before)
			return -1;
		before = now;
		do {
			n = poll(&p, 1, left < KEPT_STALL_MS ? (int)left : KEPT_STALL_MS);
			if (n <= 0)
				continue;
			/* The last is followed by the end. */
			if (!take(h, from) && (p.revents & POLLHUP))
				return 0;
			if ((left = end - now_ms()) <= 0)
				return -1;
			before = SIZE_MAX;
		} while (n > 0 || (n < 0 && errno == EINTR));
	}
}

/* One child: 0 when it has done all, 1 when it stood still, -1 with errno. */
static int
run_child(struct kept_held *h, const struct kept_process *p, int64_t end)
{
	/* Whoever waits for the end of these must not wait for the child. */
	struct spawn child = { .fd = { SPAWN_CLOSED, SPAWN_CLOSED, SPAWN_CLOSED } };
	int ends[2], rc, saved;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	pid = spawn_start(&child);
	if (pid == 0) {
		const struct looker l = { h->shared, p, ends[1] };

		io_close(ends[0]);
		if (look(&l) < 0)
			h->shared->error = errno;
		_exit(0);
	}
	saved = errno;
	io_close(ends[1]);
	rc = pid < 0 ? -1 : listen_to(h, ends[0], end) < 0;
	if (pid > 0 && rc != 0)
		kill(pid, SIGKILL);
	while (take(h, ends[0]))
		continue;
	io_close(ends[0]);
	/* One that stood still is reaped by whoever is init: even SIGKILL may not end it. */
	if (rc == 0)
		spawn_wait(pid);
	errno = saved;
	return rc;
}

int
kept_hold(struct kept_held *h, const struct kept_process *p)
{
	int64_t end = now_ms() + KEPT_HOLD_MS;
	struct kept_shared *s;
	int rc = 1;

	for (size_t i = 0; i < KEPT_MODULES; i++)
		h->fd[i] = -1;
	if ((s = h->shared = deadline_memory(sizeof(*s))) == NULL)
		return -1;
	for (int i = 0; rc > 0 && i < CHILDREN && now_ms() < end; i++) {
		rc = run_child(h, p, end);
		/* Where the list stands still there is nothing to go on from. */
		if (!s->listed)
			break;
	}
	if (rc < 0)
		return -1;
	if (s->error != 0 || !s->listed || (rc == 0 && !s->proved)) {
		errno = s->error != 0 ? s->error : rc > 0 ? ETIMEDOUT : ECANCELED;
		return -1;
	}
	/* Stalled until the time was up: what was opened is a process's that was not proved. */
	if (!s->proved && ((p->pidfd >= 0 && proc_pidfd_is(p->pidfd, p->pid) != 1) ||
	    (p->dumped >= 0 && !proc_is_dumped(p->dumped, 0, p->uid)))) {
		errno = ESRCH;
		return -1;
	}
	return 0;
}

void
kept_hold_wait(const struct kept_held *h, const struct kept_process *p, int ms)
{
	int own = p->pidfd < 0 ? (int)syscall(SYS_pidfd_open, p->pid, 0) : -1;
	struct pollfd gone = { .fd = own >= 0 ? own : p->pidfd, .events = POLLIN };

	if (h->shared->dumped && gone.fd >= 0)
		poll(&gone, 1, ms);
	if (own >= 0)
		io_close(own);
}

void
kept_hold_close(struct kept_held *h)
{
	if (h->shared == NULL)
		return;
	for (size_t i = 0; i < h->shared->count; i++)
		if (h->fd[i] >= 0)
			io_close(h->fd[i]);
	deadline_free(h->shared, sizeof(*h->shared));
	h->shared = NULL;
}
