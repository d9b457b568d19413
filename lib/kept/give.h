/* Giving a user what a dump of theirs needs of the kept files. */
#ifndef GZCORE_KEPT_GIVE_H
#define GZCORE_KEPT_GIVE_H

#include "kept/keep.h"

struct kept_give {
	const char *record;	/* its path */
};

/*
 * Copies the modules that the record names (kept_module=) from the store DIR/modules of from to
 * that of to, which belongs to the user of o.  The files there are opened and made by a child with
 * that user's rights alone, at most KEPT_FILE_MS long for each, so nothing that the user puts there
 * leads elsewhere.  Returns how many could not be given, or -1 with errno when the record or the
 * directory from cannot be read.
 */
int kept_give(const struct kept_give *g, const struct kept_options *o, const char *from,
    const char *to);

#endif
