/* Where something goes that is to be there whole or not at all: to a file, to a command, or to a descriptor. */
#ifndef GZCORE_STORE_OUTPUT_H
#define GZCORE_STORE_OUTPUT_H

#include "store/store.h"
#include "system/child.h"

struct output {
	/* The caller's: one of these, or neither for standard output, of which what is written stays. */
	const char *file;
	struct command command;		/* argv NULL: none */

	int fd;				/* to write to; above 2 */
	struct store store;
};

/* What it is called in a message. */
const char *output_name(const struct output *o);

/* Opens it.  Returns 0, or -1 with errno, EEXIST when there is such a file. */
int output_open(struct output *o);

/*
 * Ends it.  whole: all has been written; else there will be no such file, and the command is killed, so that it does
 * not take the end of its input for that.  Returns 0; -1 with errno, 0 when the command failed: *status
 * is what waitpid(2) says of it.
 */
int output_close(struct output *o, int whole, int *status);

#endif
