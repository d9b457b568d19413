/* The core that an operand of a program names: a file, standard input, or a stored dump. */
#ifndef GZCORE_DUMPS_CORE_H
#define GZCORE_DUMPS_CORE_H

#include <limits.h>

#include "dumps/named.h"
#include "record/record.h"

struct core_named {
	int fd;					/* of the core */
	char shown[RECORD_ESCAPED(PATH_MAX)];	/* how a message calls it, also after a failure */
	struct dumps_named dump;		/* what it was found by, else empty; its small says what is to be said */
};

/*
 * Opens it: NULL and "-" are standard input, then it is a file of any kind by its path, and when there is none, or with
 * small, a dump as of dumps_named, in the directory that the configuration conf names, or in usual.  Returns 0, or -1
 * and dump.why.  core_named_free frees all, and closes what is no standard input.
 */
int core_named(struct core_named *n, const char *operand, int small, const char *conf, const char *usual);
void core_named_free(struct core_named *n);

#endif
