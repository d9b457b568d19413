#define _GNU_SOURCE
#include "system/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "system/end_input.h"

/* The command's input: what the parent holds too, the first time. */
static int
open_input(struct command *c, int ends[2])
{
	if (c->hold == NULL || c->hold->input[1] < 0)
		return pipe2(ends, O_CLOEXEC);
	memcpy(ends, c->hold->input, sizeof(c->hold->input));
	c->hold->input[0] = c->hold->input[1] = -1;
	return 0;
}

int
command_start(struct command *c)
{
	struct sigaction usual = { .sa_handler = SIG_DFL };
	pid_t us = getpid();
	int ends[2], saved;

	/* Ignored, it would leave no status behind. */
	sigaction(SIGCHLD, &usual, NULL);
	if (open_input(c, ends) < 0)
		return -1;
	if ((c->pid = fork()) == 0) {
		end_input_restore();
		if (c->hold != NULL) {
			c->hold->shared->pid = getpid();
			if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != us)
				_exit(127);
		}
		if (dup2(ends[0], STDIN_FILENO) == STDIN_FILENO)
			execvp(c->argv[0], c->argv);
		_exit(127);
	}
	saved = errno;
	io_close(ends[0]);
	c->fd = ends[1];
	if (c->pid > 0)
		return 0;
	io_close(ends[1]);
	errno = saved;
	return -1;
}

int
command_become(char **argv)
{
	end_input_restore();
	if (end_input_told() != 0)
		raise(end_input_told());
	execvp(argv[0], argv);
	return -1;
}

/* The parent: holds the command's input open until the child lets go, or is gone. */
static void
hold_input(struct command_hold *h)
{
	ssize_t n;
	char c;

	io_close(h->letting_go[1]);
	io_close(h->input[0]);
	n = io_read_some(h->letting_go[0], &c, 1);
	if (n != 1 && h->shared->pid > 0)
		kill(h->shared->pid, SIGKILL);
	io_close(h->input[1]);
	io_close(h->letting_go[0]);
}

int
command_apart(struct command_hold *h, int *status)
{
	struct sigaction usual = { .sa_handler = SIG_DFL };
	pid_t pid;

	h->shared = mmap(NULL, sizeof(*h->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (h->shared == MAP_FAILED || pipe2(h->input, O_CLOEXEC) < 0)
		return -1;
	if (pipe2(h->letting_go, O_CLOEXEC) < 0) {
		io_close(h->input[0]);
		io_close(h->input[1]);
		return -1;
	}
	sigaction(SIGCHLD, &usual, NULL);
	if ((pid = fork()) == 0) {
		io_close(h->letting_go[0]);
		return 0;
	}
	if (pid > 0)
		end_input_tell(pid);
	hold_input(h);
	while (pid > 0 && waitpid(pid, status, 0) < 0 && errno == EINTR)
		continue;
	end_input_tell(0);
	return pid > 0 ? 1 : -1;
}

int
command_split(char **argv, char ***second)
{
	char **p = argv;

	while (*p != NULL && strcmp(*p, ";") != 0)
		p++;
	if (*p == NULL || p == argv || p[1] == NULL)
		return -1;
	*p = NULL;
	*second = p + 1;
	return 0;
}

int
command_end(struct command *c)
{
	int status = 0;

	/* Its input ends here, not before. */
	if (c->hold != NULL && c->hold->letting_go[1] >= 0) {
		io_write(c->hold->letting_go[1], "", 1);
		io_close(c->hold->letting_go[1]);
		c->hold->letting_go[1] = -1;
	}
	if (c->fd >= 0)
		io_close(c->fd);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	c->pid = 0;
	return status;
}

void
command_kill(struct command *c)
{
	kill(c->pid, SIGKILL);
	command_end(c);
}
