#define _GNU_SOURCE
#include "store/turn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "store/queue.h"
#include "system/deadline.h"
#include "system/spawn.h"

/* How often the worker is looked at, and, when it has closed its pipes, whether it has ended, ms. */
#define TICK 250
#define SOON 5
#define PIECE 4096

struct turn_state {
	int place, lock;		/* descriptors, or -1 */
	int from[2];			/* what the worker writes to its descriptors 1 and 2 */
	pid_t worker;
};

/* How many places one may have. */
static int
places_of(enum turn_kind kind)
{
	return kind == TURN_SOME ? TURN_PLACES / 2 : TURN_PLACES;
}

/* Whether the worker has begun, in memory that it shares with the one that watches. */
static int *begun;

/* The bytes of the queue's file, behind those of queue_enter: the places, then the two locks. */
#define PLACES QUEUE_PLACES
#define LOCKS (PLACES + TURN_PLACES)

/* Opens the file in the directory; -1 where there can be none. */
static int
open_file(int dir)
{
	int fd = openat(dir, QUEUE_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

	if (fd < 0 || io_regular(fd))
		return fd;
	io_close(fd);
	return -1;
}

/* Locks a byte with F_OFD_SETLK or F_OFD_SETLKW; 0, or -1 with errno. */
static int
lock_byte(int fd, int how, int byte)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	return fcntl(fd, how, &lock);
}

/* Takes a place, whose descriptor then is in t; 0 when all that it may have are taken. */
static int
take_place(struct turn_state *t, int dir, enum turn_kind kind)
{
	int fd = open_file(dir);

	if (fd < 0)
		return 1;
	/* The last ones first: those are not for all. */
	for (int k = places_of(kind) - 1; k >= 0; k--) {
		if (lock_byte(fd, F_OFD_SETLK, PLACES + k) == 0) {
			t->place = fd;
			return 1;
		}
	}
	io_close(fd);
	return 0;
}

static void
wake(int sig)
{
	(void)sig;
}

/*
 * Waits for the lock: a byte of the file, so that it is nobody's who can only read the directory, which is locked
 * itself where there can be no file.
 */
static int
take_lock(struct turn_state *t, int dir, enum turn_kind kind)
{
	if ((t->lock = open_file(dir)) < 0) {
		t->lock = fcntl(dir, F_DUPFD_CLOEXEC, 0);
		return t->lock < 0 ? -1 : flock(t->lock, LOCK_EX);
	}
	return lock_byte(t->lock, F_OFD_SETLKW, LOCKS + (kind == TURN_SOME));
}

/* The same, for at most so many seconds. */
static int
lock_within(struct turn_state *t, int dir, enum turn_kind kind, unsigned seconds)
{
	/* Again and again: the first may come before the lock is waited for. */
	struct itimerval timer = { { .tv_usec = 100000 }, { .tv_sec = (time_t)seconds } }, none = { 0 };
	struct sigaction act = { .sa_handler = wake };
	int rc, saved;

	sigemptyset(&act.sa_mask);
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	rc = take_lock(t, dir, kind);
	saved = errno;
	setitimer(ITIMER_REAL, &none, NULL);
	signal(SIGALRM, SIG_IGN);
	errno = saved;
	return rc;
}

/* Gives the lock to the next one. */
static void
pass_on(struct turn_state *t)
{
	if (t->lock >= 0)
		io_close(t->lock);
	t->lock = -1;
}

static int
open_pipes(int pipes[2][2])
{
	if (pipe2(pipes[0], O_CLOEXEC) < 0)
		return -1;
	if (pipe2(pipes[1], O_CLOEXEC) == 0)
		return 0;
	io_close(pipes[0][0]);
	io_close(pipes[0][1]);
	return -1;
}

/* Makes the worker; 0 in it, which has neither the lock nor our descriptors, 1 in the other, -1 with errno. */
static int
split(struct turn_state *t)
{
	struct spawn s = { .fd = { SPAWN_SAME, SPAWN_SAME, SPAWN_SAME } };
	int pipes[2][2];

	if ((begun = deadline_memory(sizeof(*begun))) == NULL || open_pipes(pipes) < 0)
		return -1;
	s.fd[1] = pipes[0][1];
	s.fd[2] = pipes[1][1];
	if ((t->worker = spawn_start(&s)) < 0)
		return -1;
	for (int k = 0; k < 2; k++) {
		io_close(pipes[k][1]);
		t->from[k] = pipes[k][0];
	}
	if (t->worker > 0)
		return 1;
	io_close(t->from[0]);
	io_close(t->from[1]);
	pass_on(t);
	if (t->place >= 0)
		io_close(t->place);
	signal(SIGALRM, SIG_DFL);
	return 0;
}

void
turn_begin(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	*begun = 1;
}

/* The processor time of the worker, ns; 0 when it has ended. */
static uint64_t
used(const struct turn_state *t)
{
	struct timespec now;
	clockid_t clock;

	if (clock_getcpuclockid(t->worker, &clock) != 0 || clock_gettime(clock, &now) < 0)
		return 0;
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Whether the worker could use a processor, and may be waiting for one: its state is R, proc(5). */
static int
can_run(const struct turn_state *t)
{
	char path[64], text[512], *end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)t->worker);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return 0;
	n = io_read(fd, text, sizeof(text) - 1);
	io_close(fd);
	text[n > 0 ? n : 0] = '\0';
	/* Behind the name, which may hold anything. */
	return (end = strrchr(text, ')')) != NULL && end[1] == ' ' && end[2] == 'R';
}

/* Passes the lock on when the worker hangs. */
static void
look_after(struct turn_state *t, uint64_t *before, int64_t *since)
{
	uint64_t now = used(t);

	if (now != *before || *begun == 0 || can_run(t)) {
		*before = now;
		*since = now_ms();
	} else if (now_ms() - *since >= TURN_HANGS) {
		pass_on(t);
	}
}

/* Writes what there is on a pipe of the worker, which is closed at its end; -1 when it cannot be written. */
static int
pass_bytes(struct turn_state *t, int k)
{
	uint8_t buf[PIECE];
	ssize_t n = io_read_some(t->from[k], buf, sizeof(buf));

	if (n > 0)
		return io_write(k + 1, buf, (size_t)n);
	io_close(t->from[k]);
	t->from[k] = -1;
	return 0;
}

/* Ends the worker, and waits for that no longer than it takes one that can be ended; errno stays. */
static enum turn
end_worker(struct turn_state *t, enum turn st)
{
	const struct timespec nap = { .tv_nsec = SOON * 1000000 };
	int saved = errno;

	kill(t->worker, SIGKILL);
	for (int k = 0; k < 20 && waitpid(t->worker, NULL, WNOHANG) == 0; k++)
		nanosleep(&nap, NULL);
	errno = saved;
	return st;
}

static enum turn
watch(struct turn_state *t, unsigned seconds, int *status)
{
	int64_t since = now_ms(), end = since + (int64_t)seconds * 1000;
	uint64_t before = 0;
	int ended = 0, n;

	for (;;) {
		struct pollfd p[2] = { { .fd = t->from[0], .events = POLLIN }, { .fd = t->from[1], .events = POLLIN } };

		ended = ended || waitpid(t->worker, status, WNOHANG) != 0;
		/* A program that it started may keep the pipes open. */
		n = poll(p, 2, ended ? 0 : t->from[0] < 0 && t->from[1] < 0 ? SOON : TICK);
		if (ended && n <= 0)
			return TURN_DONE;
		for (int k = 0; k < 2 && n > 0; k++)
			if (t->from[k] >= 0 && p[k].revents != 0 && pass_bytes(t, k) < 0)
				return ended ? TURN_UNWRITTEN : end_worker(t, TURN_UNWRITTEN);
		if (!ended && seconds != 0 && now_ms() >= end)
			return end_worker(t, TURN_LATE);
		look_after(t, &before, &since);
	}
}

/* Waits for its turn; TURN_WORK when it has come. */
static enum turn
wait_turn(struct turn_state *t, const char *dir, enum turn_kind kind, unsigned wait, char words[TURN_WORDS])
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), saved;
	enum turn st = TURN_WORK;

	if (fd < 0)
		return TURN_FAILED;
	if (!take_place(t, fd, kind)) {
		snprintf(words, TURN_WORDS, "not looked for: %d others wait for it to be their turn", places_of(kind));
		st = TURN_NONE;
	} else if (lock_within(t, fd, kind, wait) < 0) {
		st = errno == EINTR ? TURN_NONE : TURN_FAILED;
		snprintf(words, TURN_WORDS, "not looked for: no turn within %u s", wait);
	}
	saved = errno;
	io_close(fd);
	errno = saved;
	return st;
}

enum turn
turn_take(const char *dir, enum turn_kind kind, unsigned wait, unsigned limit, int *status, char words[TURN_WORDS])
{
	struct turn_state t = { .place = -1, .lock = -1 };
	enum turn st = wait_turn(&t, dir, kind, wait, words);
	int rc;

	if (st != TURN_WORK)
		return st;
	if ((rc = split(&t)) <= 0)
		return rc < 0 ? TURN_FAILED : TURN_WORK;
	st = watch(&t, limit, status);
	/* What bounds the process's own time ends it by one of these. */
	if (st == TURN_DONE && WIFSIGNALED(*status))
		st = WTERMSIG(*status) == SIGALRM || WTERMSIG(*status) == SIGXCPU ? TURN_LATE : TURN_KILLED;
	if (st == TURN_LATE && limit == 0)
		snprintf(words, TURN_WORDS, "not followed to its end: its processor time was used up");
	else if (st == TURN_LATE)
		snprintf(words, TURN_WORDS, "not followed to its end within %u s", limit);
	else if (st == TURN_KILLED)
		snprintf(words, TURN_WORDS, "ended by signal %d", WTERMSIG(*status));
	else if (st == TURN_DONE)
		*status = WEXITSTATUS(*status);
	return st;
}
