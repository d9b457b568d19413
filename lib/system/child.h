/* A command that reads what we write. */
#ifndef GZCORE_SYSTEM_CHILD_H
#define GZCORE_SYSTEM_CHILD_H

#include <sys/types.h>

struct command {
	char **argv;	/* the caller's, terminated by NULL */
	pid_t pid;	/* once it has been started */
	int fd;		/* its standard input, for us to write to */
	struct command_hold *hold;	/* of command_apart, or NULL */
};

/*
 * Starts it, by PATH, with our descriptors but for its standard input, and with signals as end_input_heed found them;
 * SIGCHLD is no longer ignored.  Returns 0, or -1 with errno; that it is not there shows in its status: 127.
 */
int command_start(struct command *c);

/*
 * Becomes the command argv, with signals as end_input_heed found them; one that has come since comes again, since the
 * command would take what that did to the input for its end.  Returns -1 with errno.
 */
int command_become(char **argv);

/* Splits argv at the first ";", in place, into two commands: *second is the other.  0, or -1 when one is empty. */
int command_split(char **argv, char ***second);

/* What a process that is apart and its parent know of the first command that it starts. */
struct command_hold {
	/* Shared by both. */
	struct command_shared {
		int touched;	/* for the caller, 0 at first */
		pid_t pid;	/* the command's */
	} *shared;
	/* Its own: the command's input, of which the parent holds the other end; where that is told to let go. */
	int input[2], letting_go[2];
};

/*
 * Goes on in a child, which may be led astray by what it reads and die of it.  When it dies, a command that it was
 * writing to, of which hold is the hold, is killed before it sees the end of its input: it must not take a part for the
 * whole.  Returns 0 in the child; here, when that has ended, 1 with its status as waitpid(2) gives it.  Until then it
 * gets our signals, as after end_input_tell.  Returns -1 with errno when no child could be made.
 */
int command_apart(struct command_hold *hold, int *status);

/* Closes fd, unless it is -1, and waits for the end.  Returns the status as waitpid(2) gives it. */
int command_end(struct command *c);

/* Kills it (SIGKILL) before it has seen the end of its input, and waits for that. */
void command_kill(struct command *c);

#endif
