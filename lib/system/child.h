/* A command whose standard input we write. */
#ifndef GZCORE_SYSTEM_CHILD_H
#define GZCORE_SYSTEM_CHILD_H

#include <sys/types.h>

struct command {
	char **argv;	/* the caller's, terminated by NULL */
	pid_t pid;	/* once it has been started */
	int fd;		/* its standard input, for us to write to */
	/* in a child of command_apart, where the parent starts it; else NULL */
	struct command_hold *hold;
};

/*
 * Starts the command, found by PATH, with our descriptors except standard input, and with the
 * signal dispositions from before end_input_heed; SIGCHLD is no longer ignored.  Returns 0, or -1
 * with errno.  If there is no such command, its status is 127.
 */
int command_start(struct command *c);

/*
 * Becomes the command argv, with the signal dispositions from before end_input_heed.  A signal that
 * has come since is sent again: it replaced the input, and the command would take that for the
 * input's end.  Returns -1 with errno.
 */
int command_become(char **argv);

/*
 * Splits argv in place at the first ";" into two commands; *second is the second.  Returns 0, or -1
 * if one is empty.
 */
int command_split(char **argv, char ***second);

/*
 * What a child of command_apart and its parent know about the commands that the parent starts when
 * the child says so.
 */
#define COMMAND_HELD 2
/* How often any of them may be started. */
#define COMMAND_STARTS 3
struct command_hold {
	/* The caller's, before command_apart: the commands, NULL for none. */
	char **argv[COMMAND_HELD];

	/* Shared by both; NULL when there is no such child. */
	struct command_shared {
		int touched;	/* for the caller, 0 at first */
	} *shared;
	/* Internal: the inputs, in order, which both hold; what the child asks; the answers. */
	int input[COMMAND_STARTS][2], ask[2], answer[2];
	int starts;
};

/*
 * Continues in a child, because hostile input may crash it, or mislead it: it may give up all its
 * rights, since the parent starts, ends and kills the commands of hold for it, which are those of
 * command_start with this hold.  If the child dies while it writes to the first of them, that is
 * killed before it sees the end of its input, so it cannot take a part for the whole.  Returns 0 in
 * the child; in the parent 1, with the child's status as from waitpid(2), after the child has
 * ended.  Until then the child and the second command get our signals, as after end_input_tell.
 * Returns -1 with errno if no child could be made.
 */
int command_apart(struct command_hold *hold, int *status);

/*
 * Closes standard input, in the parent of command_apart too if there is one: who writes there is
 * told that nobody reads any more.
 */
void command_close_input(struct command_hold *h);

/*
 * For a process that a child of command_apart starts and that may never end: it lets go of all that
 * would keep the parent and the commands waiting, but for the descriptor keep, or -1.
 */
void command_let_go(int keep);

/*
 * Closes fd, unless it is -1, and waits until the command has ended.  Returns its status as from
 * waitpid(2).
 */
int command_end(struct command *c);

/*
 * Kills the command (SIGKILL) before it has seen the end of its input, and waits until it has
 * ended.
 */
void command_kill(struct command *c);

#endif
