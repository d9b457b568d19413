/* A command that reads what we write. */
#ifndef GZCORE_COMMAND_H
#define GZCORE_COMMAND_H

#include <sys/types.h>

struct command {
	char **argv;	/* the caller's, terminated by NULL */
	pid_t pid;	/* once it has been started */
	int fd;		/* its standard input, for us to write to */
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

/* Closes fd, unless it is -1, and waits for the end.  Returns the status as waitpid(2) gives it. */
int command_end(struct command *c);

/* Kills it (SIGKILL) before it has seen the end of its input, and waits for that. */
void command_kill(struct command *c);

#endif
