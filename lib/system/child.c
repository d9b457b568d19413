#define _GNU_SOURCE
#include "system/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/io.h"
#include "system/end_input.h"
#include "system/spawn.h"

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

struct start {
	const struct command *command;
	pid_t us;
};

/* In the child: signals as they were, and its end with ours when it is held. */
static int
prepare(void *arg)
{
	const struct start *s = arg;
	struct command_hold *hold = s->command->hold;

	end_input_restore();
	if (hold == NULL)
		return 0;
	hold->shared->pid = getpid();
	return prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != s->us ? -1 : 0;
}

int
command_start(struct command *c)
{
	struct start s = { .command = c, .us = getpid() };
	struct spawn child = { .argv = c->argv, .fd = { SPAWN_SAME, SPAWN_SAME, SPAWN_SAME },
		.prepare = prepare, .arg = &s };
	int ends[2], saved;

	if (open_input(c, ends) < 0)
		return -1;
	child.fd[0] = ends[0];
	c->pid = spawn_start(&child);
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

/* What the child tells the parent to close. */
enum { COMMANDS_INPUT, OUR_INPUT };

/* The parent: holds the command's input open until the child lets go, or is gone. */
static void
hold_input(struct command_hold *h)
{
	int held = 1;
	char c;

	io_close(h->letting_go[1]);
	io_close(h->input[0]);
	while (io_read_some(h->letting_go[0], &c, 1) == 1) {
		if (c == OUR_INPUT) {
			end_input_close(STDIN_FILENO);
		} else if (held) {
			io_close(h->input[1]);
			held = 0;
		}
	}
	if (held && h->shared->pid > 0)
		kill(h->shared->pid, SIGKILL);
	if (held)
		io_close(h->input[1]);
	io_close(h->letting_go[0]);
}

static void
tell_parent(struct command_hold *h, char what)
{
	io_write(h->letting_go[1], &what, 1);
}

void
command_close_input(struct command_hold *h)
{
	end_input_close(STDIN_FILENO);
	if (h->shared != NULL)
		tell_parent(h, OUR_INPUT);
}

int
command_apart(struct command_hold *h, int *status)
{
	struct spawn child = { .fd = { SPAWN_SAME, SPAWN_SAME, SPAWN_SAME } };
	pid_t pid;

	h->shared = mmap(NULL, sizeof(*h->shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (h->shared == MAP_FAILED || pipe2(h->input, O_CLOEXEC) < 0)
		return -1;
	if (pipe2(h->letting_go, O_CLOEXEC) < 0) {
		io_close(h->input[0]);
		io_close(h->input[1]);
		return -1;
	}
	if ((pid = spawn_start(&child)) == 0) {
		io_close(h->letting_go[0]);
		return 0;
	}
	if (pid > 0)
		end_input_tell(pid);
	hold_input(h);
	if (pid > 0)
		*status = spawn_wait(pid);
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
	int status;

	/* Its input ends here, not before. */
	if (c->hold != NULL)
		tell_parent(c->hold, COMMANDS_INPUT);
	if (c->fd >= 0)
		io_close(c->fd);
	status = spawn_wait(c->pid);
	c->pid = 0;
	return status;
}

void
command_kill(struct command *c)
{
	kill(c->pid, SIGKILL);
	command_end(c);
}
