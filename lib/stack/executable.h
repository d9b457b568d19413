/* The executable of a core, looked for by its identity. */
#ifndef GZCORE_STACK_EXECUTABLE_H
#define GZCORE_STACK_EXECUTABLE_H

#include <limits.h>

#include "core/core.h"
#include "dumps/directory.h"
#include "stored/image.h"

struct executable {
	/* What is wanted; the caller's. */
	const struct core *core;	/* which has been read */
	struct image *image;		/* its bytes */
	const struct dump *record;	/* for what the core does not say, or NULL */
	/* a directory with .build-id/xx/yyyy, before /usr/lib/debug, or NULL */
	const char *debug;

	char recorded[PATH_MAX];	/* where it was, by core or record; "" when neither says */
	char path[PATH_MAX];		/* where it is; any bytes, absolute */
};

enum executable_status {
	EXECUTABLE_FOUND,	/* path is of the identity that the core has */
	/* path is recorded, and nothing tells whether it is still the one */
	EXECUTABLE_UNSURE,
	/* path, what was recorded or asked for, is another program by now */
	EXECUTABLE_OTHER,
	EXECUTABLE_GONE		/* there is none */
};

/* What a file is: never EXECUTABLE_GONE but when it cannot be read as an ELF file. */
enum executable_status executable_check(const struct executable *e, const char *path);

/*
 * Looks at the recorded path, then by build-id in the debug directories, then asks the servers in DEBUGINFOD_URLS,
 * when it is set, through debuginfod-find(1).
 */
enum executable_status executable_find(struct executable *e);

/* What it means, in words for a message after the path. */
const char *executable_words(enum executable_status st);

#endif
