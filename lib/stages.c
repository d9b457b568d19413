#define _GNU_SOURCE
#include "stages.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "pipe_linux.h"

/* What stages_wait waits for: who started us with a signal ignored wants it ignored. */
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

int
stages_split(struct stages *p, char **argv)
{
	memset(p, 0, sizeof(*p));
	p->stage[p->count++].argv = argv;
	for (; *argv != NULL; argv++) {
		if (strcmp(*argv, "|") != 0)
			continue;
		*argv = NULL;
		if (p->count == STAGES_MAX || p->stage[p->count - 1].argv[0] == NULL)
			return -1;
		p->stage[p->count++].argv = argv + 1;
	}
	return p->count > 1 && p->stage[p->count - 1].argv[0] == NULL ? -1 : 0;
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

/* The child: becomes the stage, or says why not on the descriptor tell. */
static void
become(char **argv, int in, int out, int tell)
{
	sigset_t set;

	watched(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	if ((in == STDIN_FILENO || dup2(in, STDIN_FILENO) >= 0) && dup2(out, STDOUT_FILENO) >= 0) {
		if (argv[0] == NULL) {
			close(tell);
			pipe_grow(STDIN_FILENO);
			_exit(io_copy(STDIN_FILENO, STDOUT_FILENO) == 0 ? 0 : errno);
		}
		execvp(argv[0], argv);
	}
	if (io_write(tell, &errno, sizeof(errno)) < 0)
		_exit(126);
	_exit(127);
}

/* Starts one stage; what its exec failed with goes to s->error.  -1 with errno: no process. */
static int
start(struct stage *s, int in, int out)
{
	int tell[2];

	if (pipe2(tell, O_CLOEXEC) < 0)
		return -1;
	if ((s->pid = fork()) < 0) {
		int saved = errno;

		s->pid = 0;
		close(tell[0]);
		close(tell[1]);
		errno = saved;
		return -1;
	}
	if (s->pid == 0)
		become(s->argv, in, out, tell[1]);
	close(tell[1]);
	if (io_read(tell[0], &s->error, sizeof(s->error)) < (ssize_t)sizeof(s->error))
		s->error = 0;
	close(tell[0]);
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
		close(null);
	}
}

int
stages_start(struct stages *p, int out)
{
	int in = STDIN_FILENO, saved;

	for (int i = 0; i < p->count; i++) {
		int join[2] = { -1, out };

		if (i + 1 < p->count) {
			if (pipe2(join, O_CLOEXEC) < 0)
				goto fail;
			pipe_grow(join[0]);
		}
		if (start(&p->stage[i], in, join[1]) < 0) {
			saved = errno;
			if (join[0] >= 0) {
				close(join[0]);
				close(join[1]);
			}
			errno = saved;
			goto fail;
		}
		if (i == 0)
			leave_input();
		else
			close(in);
		if (join[1] != out)
			close(join[1]);
		in = join[0];
	}
	return 0;
fail:
	saved = errno;
	if (in > STDIN_FILENO)
		close(in);
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

int
stages_wait(struct stages *p)
{
	const struct timespec grace = { .tv_sec = STAGES_GRACE };
	sigset_t set;
	int ended = 0;

	watched(&set);
	while (collect(p) > 0) {
		int sig = ended ? sigtimedwait(&set, NULL, &grace) : sigwaitinfo(&set, NULL);

		if (sig < 0 && errno == EAGAIN) {
			end(p, SIGKILL);
		} else if (sig > 0 && sig != SIGCHLD && !ended) {
			ended = sig;
			end(p, SIGTERM);
		}
	}
	return ended;
}

int
stage_ok(const struct stage *s)
{
	return s->error == 0 && WIFEXITED(s->status) && WEXITSTATUS(s->status) == 0;
}
