/* Chooses the right file of a module from all that may be it. */
#ifndef GZCORE_KEPT_FOUND_H
#define GZCORE_KEPT_FOUND_H

#include "kept/sources.h"
#include "stored/image.h"

struct kept_found {
	int fd;				/* the caller's, or -1: none is the module's */
	enum kept_kind kind;
	int sure;			/* see struct kept_file */
	char path[2 * PATH_MAX];	/* leads to it */
	/* What was found, when it is not the module's: at its own path, a file of another build. */
	int other;
	/* Why a file that is there could not be opened, an errno, or 0; and which. */
	int why;
	char unopened[2 * PATH_MAX];
};

/*
 * Finds the file of a module, one of the core's files: the first whose build-id or .note.uuid is that in the core, else
 * one whose bytes are those that the core has of it.  A file that was kept for the module is also taken when the core
 * has nothing to compare.  Returns whether there is one.
 */
int kept_found(struct kept_found *f, struct kept_sources *s, const struct core *c, struct image *i,
    const struct core_file *file);

#endif
