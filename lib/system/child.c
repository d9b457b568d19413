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

/* In the child: signals as they were, and its end with ours when it must not outlive us. */
struct start {
	pid_t us;
	int ends_with_us;
};

static int
prepare(void *arg)
{
	const struct start *s = arg;

	end_input_restore();
	if (!s->ends_with_us)
		return 0;
	return prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != s->us ? -1 : 0;
}

/* Starts a command that reads fd; its process, or -1 with errno. */
static pid_t
start(char **argv, int fd, int ends_with_us)
{
	struct start s = { .us = getpid(), .ends_with_us = ends_with_us };
	struct spawn child = { .argv = argv, .fd = { fd, SPAWN_SAME, SPAWN_SAME },
		.prepare = prepare, .arg = &s };

	return spawn_start(&child);
}

/* What the child asks of the parent, and the number of a command; all but the last is answered. */
enum { START_COMMAND = 'S', END_COMMAND = 'E', KILL_COMMAND = 'K', CLOSE_INPUT = 'I' };

/* Asks the parent about command i.  Returns its answer; none when there is no parent any more. */
static int
ask(struct command_hold *h, char what, int i, int none)
{
	const char question[2] = { what, (char)i };
	int answer;

	if (io_write(h->ask[1], question, sizeof(question)) < 0 ||
	    io_read(h->answer[0], &answer, sizeof(answer)) != sizeof(answer))
		return none;
	return answer;
}

static int
number_of(const struct command *c)
{
	return c->argv == c->hold->argv[0] ? 0 : 1;
}

int
command_start(struct command *c)
{
	int ends[2], saved;

	c->pid = 0;
	if (c->hold != NULL) {
		if ((errno = ask(c->hold, START_COMMAND, number_of(c), ECHILD)) != 0)
			return -1;
		c->fd = c->hold->input[c->hold->starts++][1];
		return 0;
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	c->pid = start(c->argv, ends[0], 0);
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

/* The parent's side of a command. */
struct held {
	pid_t pid;	/* 0: not started, or ended */
	int fd;		/* our copy of its input, which holds it open; or -1 */
};

static void
let_go(struct held *c)
{
	if (c->fd >= 0)
		io_close(c->fd);
	c->fd = -1;
}

/* Ends or kills a command.  Returns its status. */
static int
end_held(struct held *c, int killed)
{
	int status = 0;

	if (killed && c->pid > 0)
		kill(c->pid, SIGKILL);
	let_go(c);
	if (c->pid > 0)
		status = spawn_wait(c->pid);
	c->pid = 0;
	return status;
}

/* Starts a command of the child's; returns an errno. */
static int
start_held(struct command_hold *h, int i, struct held *c, pid_t child)
{
	int *input;
	pid_t pid;

	if (h->starts == COMMAND_STARTS)
		return EMFILE;
	input = h->input[h->starts];
	if ((pid = start(h->argv[i], input[0], i == 0)) < 0)
		return errno;
	h->starts++;
	*c = (struct held){ .pid = pid, .fd = input[1] };
	io_close(input[0]);
	if (i > 0) {
		/* A part of its input is known for one. */
		let_go(c);
		end_input_tell(child, pid);
	}
	return 0;
}

/* The parent: does what the child asks for, until that is gone. */
static void
serve(struct command_hold *h, pid_t child)
{
	struct held held[COMMAND_HELD] = { { .fd = -1 }, { .fd = -1 } };
	char question[2];

	io_close(h->ask[1]);
	io_close(h->answer[0]);
	while (io_read(h->ask[0], question, sizeof(question)) == sizeof(question)) {
		int i = question[1] == 0 ? 0 : 1, answer = 0;

		if (question[0] == CLOSE_INPUT) {
			end_input_close(STDIN_FILENO);
			continue;
		}
		if (question[0] != START_COMMAND)
			answer = end_held(&held[i], question[0] == KILL_COMMAND);
		else if (held[i].pid == 0 && h->argv[i] != NULL)
			answer = start_held(h, i, &held[i], child);
		io_write(h->answer[1], &answer, sizeof(answer));
	}
	end_held(&held[0], 1);
	end_held(&held[1], 0);
	io_close(h->ask[0]);
	io_close(h->answer[1]);
}

void
command_close_input(struct command_hold *h)
{
	static const char question[2] = { CLOSE_INPUT, 0 };

	end_input_close(STDIN_FILENO);
	if (h->shared != NULL)
		io_write(h->ask[1], question, sizeof(question));
}

/* That of this process, if it is a child of command_apart. */
static const struct command_hold *ours;

void
command_let_go(int keep)
{
	if (ours == NULL)
		return;
	io_close(ours->ask[1]);
	io_close(ours->answer[0]);
	for (int i = 0; i < COMMAND_STARTS; i++)
		if (ours->input[i][1] != keep)
			io_close(ours->input[i][1]);
}

static void
close_pair(int ends[2])
{
	io_close(ends[0]);
	io_close(ends[1]);
}

/* Makes the pipes between the child, the parent and the commands. */
static int
open_pipes(struct command_hold *h)
{
	int *all[] = { h->ask, h->answer, h->input[0], h->input[1], h->input[2] };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (pipe2(all[i], O_CLOEXEC) < 0) {
			while (i > 0)
				close_pair(all[--i]);
			return -1;
		}
	return 0;
}

int
command_apart(struct command_hold *h, int *status)
{
	struct spawn child = { .fd = { SPAWN_SAME, SPAWN_SAME, SPAWN_SAME } };
	pid_t pid;

	h->shared = mmap(NULL, sizeof(*h->shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (h->shared == MAP_FAILED || open_pipes(h) < 0)
		return -1;
	if ((pid = spawn_start(&child)) == 0) {
		io_close(h->ask[0]);
		io_close(h->answer[1]);
		for (int i = 0; i < COMMAND_STARTS; i++)
			io_close(h->input[i][0]);
		ours = h;
		return 0;
	}
	if (pid > 0)
		end_input_tell(pid, 0);
	serve(h, pid);
	if (pid > 0)
		*status = spawn_wait(pid);
	end_input_tell(0, 0);
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
	if (c->fd >= 0)
		io_close(c->fd);
	if (c->hold != NULL)
		return ask(c->hold, END_COMMAND, number_of(c), SPAWN_FAILED << 8);
	status = spawn_wait(c->pid);
	c->pid = 0;
	return status;
}

void
command_kill(struct command *c)
{
	if (c->hold != NULL) {
		ask(c->hold, KILL_COMMAND, number_of(c), 0);
		io_close(c->fd);
		return;
	}
	kill(c->pid, SIGKILL);
	command_end(c);
}
