#define _GNU_SOURCE
#include "store/pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "system/owner.h"
#include "system/pipe.h"
#include "system/spawn.h"

/* The signals that stages_wait waits for; one that we were started with ignored stays ignored. */
static void
watched(sigset_t *set)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP };

	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct sigaction act;

		if (sigaction(ends[i], NULL, &act) == 0 && act.sa_handler != SIG_IGN)
			sigaddset(set, ends[i]);
	}
}

/* Takes "-u USER" from the start of a stage; -1 when no words are left. */
static int
take_user(struct stage *s, const char **user)
{
	if (s->argv[0] != NULL && strcmp(s->argv[0], "-u") == 0) {
		if ((*user = s->argv[1]) == NULL)
			return -1;
		s->argv += 2;
	}
	s->user = *user;
	return s->argv[0] == NULL ? -1 : 0;
}

int
stages_split(struct stages *p, char **argv, const char *user)
{
	memset(p, 0, sizeof(*p));
	p->messages[0] = p->messages[1] = -1;
	p->stage[p->count++] = (struct stage){ .argv = argv, .user = user };
	if (*argv == NULL)
		return 0;
	for (; *argv != NULL; argv++) {
		if (strcmp(*argv, "|") != 0)
			continue;
		*argv = NULL;
		if (p->count == STAGES_MAX)
			return -1;
		p->stage[p->count++].argv = argv + 1;
	}
	for (int i = 0; i < p->count; i++)
		if (take_user(&p->stage[i], &user) < 0)
			return -1;
	return 0;
}

void
stages_limit_input(struct stages *p, uint64_t most)
{
	static char *none;

	p->most = most;
	/* Stages that are a copy already read no more themselves. */
	if (p->stage[0].argv[0] == NULL)
		return;
	memmove(p->stage + 1, p->stage, (size_t)p->count * sizeof(*p->stage));
	p->stage[0] = (struct stage){ .argv = &none, .user = p->stage[1].user };
	p->count++;
}

void
stages_block(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t set;

	/* Ignored, children would leave no status behind. */
	sigaction(SIGCHLD, &dfl, NULL);
	watched(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int
limit_size(pid_t pid, uint64_t size)
{
	struct rlimit r;

	if (prlimit(pid, RLIMIT_FSIZE, NULL, &r) < 0)
		return -1;
	/* The hard limit stays, so that it can be raised again. */
	r.rlim_cur = r.rlim_max == RLIM_INFINITY || size < r.rlim_max ? size : r.rlim_max;
	return prlimit(pid, RLIMIT_FSIZE, &r, NULL);
}

/* In the child: what the stage that is being started must not do; 0, or -1 with errno. */
static int
bind(void *arg)
{
	const struct stages *p = arg;
	const char *user = p->stage[p->started].user;
	struct sigaction ign = { .sa_handler = SIG_IGN };
	sigset_t set;

	watched(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	if (p->limit != NULL &&
	    (sigaction(SIGXFSZ, &ign, NULL) < 0 || limit_size(0, p->limit(p->limit_arg)) < 0))
		return -1;
	return user != NULL ? owner_become(user) : 0;
}

/* The copy, in its own process; the exit status. */
static int
copy(uint64_t most)
{
	int rc;

	pipe_grow(STDIN_FILENO);
	rc = most == 0 ? io_copy(STDIN_FILENO, STDOUT_FILENO) :
	    pipe_pass_most(STDIN_FILENO, STDOUT_FILENO, most);
	return rc == 0 ? 0 : rc > 0 ? EOVERFLOW : errno;
}

/*
 * Starts one stage; what its exec failed with goes to s->error.  -1 with errno: no process.  next is
 * where the stage behind it will read, or -1.
 */
static int
start(struct stages *p, struct stage *s, int in, int out, int next)
{
	struct spawn child = { .argv = s->argv[0] != NULL ? s->argv : NULL,
		.fd = { in, out, p->messages[1] >= 0 ? p->messages[1] : SPAWN_SAME },
		.prepare = bind, .arg = p };
	pid_t pid = spawn_start(&child);

	if (pid < 0)
		return -1;
	if (pid == 0) {
		/* It would never see that its reader has gone, if it could read there itself. */
		if (next >= 0)
			io_close(next);
		io_close_others(-1);
		_exit(copy(p->most));
	}
	s->pid = pid;
	s->error = child.error;
	return 0;
}

static void
end(struct stages *p, int sig)
{
	for (int i = 0; i < p->count; i++)
		if (p->stage[i].pid > 0)
			kill(p->stage[i].pid, sig);
}

/* Gives away descriptor 0. */
static void
leave_input(void)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null > 0) {
		dup2(null, STDIN_FILENO);
		io_close(null);
	}
}

int
stages_start(struct stages *p, int out)
{
	int in = STDIN_FILENO, saved;

	if ((p->limit != NULL || p->said != NULL) && pipe2(p->messages, O_CLOEXEC) < 0)
		return -1;
	/* An unprivileged stage may not be allowed to. */
	if (p->stage[0].user != NULL)
		pipe_grow(STDIN_FILENO);
	for (int i = 0; i < p->count; i++, p->started++) {
		int join[2] = { -1, out };

		if (i + 1 < p->count) {
			if (pipe2(join, O_CLOEXEC) < 0)
				goto fail;
			pipe_grow(join[0]);
		}
		if (start(p, &p->stage[i], in, join[1], join[0]) < 0) {
			saved = errno;
			if (join[0] >= 0) {
				io_close(join[0]);
				io_close(join[1]);
			}
			errno = saved;
			goto fail;
		}
		if (i == 0)
			leave_input();
		else
			io_close(in);
		if (join[1] != out)
			io_close(join[1]);
		in = join[0];
	}
	return 0;
fail:
	saved = errno;
	if (in > STDIN_FILENO)
		io_close(in);
	end(p, SIGKILL);
	stages_wait(p);
	errno = saved;
	return -1;
}

/* Collects those that have ended; returns how many have not. */
static int
collect(struct stages *p)
{
	int left = 0;

	for (int i = 0; i < p->count; i++) {
		struct stage *s = &p->stage[i];

		pid_t pid = s->pid > 0 ? waitpid(s->pid, &s->status, WNOHANG) : 0;

		if (pid < 0)
			s->error = errno;
		if (pid != 0)
			s->pid = 0;
		left += s->pid > 0;
	}
	return left;
}

/* Passes on what the stages have said by now. */
static void
relay(const struct stages *p)
{
	struct pollfd ready = { .fd = p->messages[0], .events = POLLIN };
	char text[4096];
	ssize_t n;

	while (ready.fd >= 0 && poll(&ready, 1, 0) > 0 && (ready.revents & POLLIN) &&
	    (n = io_read_some(ready.fd, text, sizeof(text))) > 0) {
		if (p->said != NULL)
			p->said(p->said_arg, text, (size_t)n);
		else if (io_write(STDERR_FILENO, text, (size_t)n) < 0)
			break;
	}
}

static void
follow_limit(const struct stages *p)
{
	uint64_t size = p->limit(p->limit_arg);

	for (int i = 0; i < p->count; i++)
		if (p->stage[i].pid > 0)
			limit_size(p->stage[i].pid, size);
}

/*
 * Waits for one of the signals until end_at (negative: for ever); while there is a limit, or there
 * are messages, no longer than a tick.  Returns the signal, or what is not positive.
 */
static int
wait_signal(const struct stages *p, const sigset_t *set, int64_t end_at)
{
	int64_t now = now_ms(), ms = end_at < 0 ? -1 : end_at > now ? end_at - now : 0;
	struct timespec ts;

	if (p->messages[0] >= 0 && (ms < 0 || ms > STAGES_TICK))
		ms = STAGES_TICK;
	if (ms < 0)
		return sigwaitinfo(set, NULL);
	ts.tv_sec = (time_t)(ms / 1000);
	ts.tv_nsec = (long)(ms % 1000) * 1000000;
	return sigtimedwait(set, NULL, &ts);
}

int
stages_wait(struct stages *p)
{
	enum { RUNNING, TERMED, KILLED } state = RUNNING;
	int64_t end_at = p->seconds > 0 ? now_ms() + (int64_t)p->seconds * 1000 : -1;
	int sig, cause = 0;
	sigset_t set;

	watched(&set);
	while (collect(p) > 0) {
		sig = wait_signal(p, &set, end_at);
		if (p->limit != NULL)
			follow_limit(p);
		relay(p);
		/* Between two ticks nothing has happened. */
		if (sig <= 0 && (end_at < 0 || now_ms() < end_at))
			continue;
		if (state == RUNNING && sig != SIGCHLD) {
			cause = sig > 0 ? sig : SIGALRM;
			end(p, SIGTERM);
			end_at = now_ms() + STAGES_GRACE * 1000;
			state = TERMED;
		} else if (state == TERMED && sig <= 0) {
			end(p, SIGKILL);
			end_at = -1;
			state = KILLED;
		}
	}
	relay(p);
	for (int i = 0; i < 2 && p->messages[i] >= 0; i++) {
		io_close(p->messages[i]);
		p->messages[i] = -1;
	}
	return cause;
}

int
stage_ok(const struct stage *s)
{
	return s->error == 0 && WIFEXITED(s->status) && WEXITSTATUS(s->status) == 0;
}
