/* The dump that somebody names on a command line. */
#ifndef GZCORE_DUMPS_NAMED_H
#define GZCORE_DUMPS_NAMED_H

#include <limits.h>

#include "dumps/directory.h"

struct dumps_named {
	int fd;				/* the stored file, a regular one, or -1 */
	char file[PATH_MAX];		/* its path */
	const struct dump *dump;	/* its record, one of dumps, or NULL when there is none */
	int is_small;			/* the file is its small core */
	const char *small;		/* why it is that, in words, when nobody asked for that; else NULL */
	struct dumps dumps;
	char why[PATH_MAX + 128];	/* after a failure */
};

/*
 * Opens what name says: without a slash, or as UID/NAME, a dump in the directory usual, by its name as core-list
 * shows it or by the name of a file of it; with a slash the path of a file, or a directory and such a name.  "last" is
 * the newest there.  Of a dump it is the file that dump_choice says, of a file's name that file; with small it is in
 * any case the small core, which may not be there.  The file is locked (flock(2), shared) for as long as anybody has
 * this descriptor, so that core-prune leaves it.  Returns 0, or -1.  dumps_named_free closes and frees all.
 */
int dumps_named(struct dumps_named *n, const char *name, const char *usual, int small);
void dumps_named_free(struct dumps_named *n);

#endif
