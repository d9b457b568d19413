#define _GNU_SOURCE
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "end_input.h"
#include "io.h"

int
command_start(struct command *c)
{
	struct sigaction usual = { .sa_handler = SIG_DFL };
	int ends[2], saved;

	/* Ignored, it would leave no status behind. */
	sigaction(SIGCHLD, &usual, NULL);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	if ((c->pid = fork()) == 0) {
		end_input_restore();
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
