/*
 * Opens the core that an operand of a command line names: a path, "-", the name of a stored dump,
 * or "last".
 */
#ifndef GZCORE_DUMPS_OPERAND_H
#define GZCORE_DUMPS_OPERAND_H

#include <limits.h>

#include "dumps/directory.h"
#include "record/record.h"

struct operand {
	/* The file, or -1; it may be compressed: stored_open is next. */
	int fd;
	char shown[RECORD_ESCAPED(PATH_MAX)];	/* how a message calls it, also after a failure */
	char file[PATH_MAX];			/* of a dump: the path of its file; else "" */
	/* Its record, one of dumps, or NULL when there is none. */
	const struct dump *dump;
	int is_small;				/* the file is the dump's small core */
	/* If the small core was taken without being asked for: why, to be shown; else NULL. */
	const char *note;
	struct dumps dumps;
	char why[PATH_MAX + 128];		/* after a failure */
	/* Its own: the directory that dumps are from, or -1. */
	int dir;
};

/*
 * Opens it: NULL and "-" are standard input; else it is a file of any kind by its path, but no
 * terminal.  When there is no such file, or with small, it is a dump as of operand_open_dump, in
 * the directory that the configuration conf names, or in usual.  Returns 0, or -1 and why.
 * operand_close is due in any case.
 */
int operand_open(
    struct operand *o, const char *operand, int small, const char *conf, const char *usual);

/*
 * Opens a dump that name says: without a slash, or as UID/NAME, one in the directory usual, by its
 * name as core-list shows it or by the name of one of its files; with a slash the path of a file,
 * or a directory and such a name.  "last" is the newest one there.  A dump's name stands for the
 * file that dump_choice says, a file's name for that file; with small it is in any case the small
 * core, which may not be there.  Only a regular file is opened.  It is locked (flock(2), shared)
 * for as long as any process has this descriptor, so that core-prune leaves it.  Returns 0, or -1
 * and why.  operand_close is due in any case.
 */
int operand_open_dump(struct operand *o, const char *name, const char *usual, int small);

/* About how many bytes the core in its file has when it is unpacked, as far as is known; else 0. */
uint64_t operand_core_size(const struct operand *o);

/* Closes all but standard input. */
void operand_close(struct operand *o);

#endif
