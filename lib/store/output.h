/* An output that is written whole or not at all: a file, a command, or a descriptor. */
#ifndef GZCORE_STORE_OUTPUT_H
#define GZCORE_STORE_OUTPUT_H

#include "store/store.h"
#include "system/child.h"

struct output {
	/*
	 * The caller sets one of these, or neither for standard output, where written data cannot
	 * be taken back.
	 */
	const char *file;
	struct command command;		/* argv NULL: none */

	int fd;				/* to write to; above 2 */
	struct store store;
};

/* Its name in messages. */
const char *output_name(const struct output *o);

/* Opens it.  Returns 0, or -1 with errno, EEXIST if there is such a file. */
int output_open(struct output *o);

/*
 * Ends it.  whole says that everything was written; otherwise there will be no such file, and the
 * command is killed, so that it does not take a part for the whole.  Returns 0; -1 with errno,
 * where 0 means that the command failed and *status is its status as from waitpid(2).
 */
int output_close(struct output *o, int whole, int *status);

#endif
