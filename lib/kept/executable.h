/* The executable of a core, looked for by its identity. */
#ifndef GZCORE_KEPT_EXECUTABLE_H
#define GZCORE_KEPT_EXECUTABLE_H

#include <limits.h>

#include "core/core.h"
#include "dumps/directory.h"
#include "kept/sources.h"
#include "stored/image.h"

struct executable {
	/* What is wanted; the caller's. */
	const struct core *core;	/* which has been read */
	struct image *image;		/* its bytes */
	const struct dump *record;	/* for what the core does not say, or NULL */
	struct kept_sources *sources;	/* where files may be */
	/* a directory with .build-id/xx/yyyy, before /usr/lib/debug, or NULL */
	const char *debug;

	char recorded[PATH_MAX];	/* where it was, by core or record; "" when neither says */
	char path[PATH_MAX];		/* where it is; any bytes, absolute */
	int fd;				/* the file, the caller's to close; or -1, as at first */
	/* for EXECUTABLE_CLOSED: what could not be opened, and why, an errno */
	char closed[PATH_MAX];
	int why;
};

enum executable_status {
	EXECUTABLE_FOUND,	/* path is of the identity that the core has */
	/* path is recorded, and nothing tells whether it is still the one */
	EXECUTABLE_UNSURE,
	/* path, what was recorded or asked for, is another program by now */
	EXECUTABLE_OTHER,
	EXECUTABLE_CLOSED,	/* a file is there, but cannot be opened: closed, why */
	EXECUTABLE_GONE		/* there is none */
};

/* What a file is, which becomes e->fd: EXECUTABLE_GONE when it is no ELF file. */
enum executable_status executable_check(struct executable *e, const char *path);

/*
 * Looks at what the sources offer, in their order, then by build-id in the debug directories, then
 * asks the servers in DEBUGINFOD_URLS, if that is set, by debuginfod-find(1).
 */
enum executable_status executable_find(struct executable *e);

/* What it means, in words for a message after the path. */
const char *executable_words(const struct executable *e, enum executable_status st);

#endif
