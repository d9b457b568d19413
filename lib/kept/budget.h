/* Room for files of modules: the least recently needed go first. */
#ifndef GZCORE_KEPT_BUDGET_H
#define GZCORE_KEPT_BUDGET_H

#include <stdint.h>

#include "kept/store.h"

/* A record may not name its modules until so long after the crash, seconds. */
#define KEPT_FRESH 600

struct kept_budget {
	uint64_t most;		/* bytes that all files may take on the disk; 0: any number */
	uint64_t spare;		/* bytes of the file system that must stay free */
	int only_say;		/* remove nothing */
	/* Told of what goes; both may be NULL. */
	void (*removed)(void *arg, const char *kind, const char *name, int needed);
	void *arg;
};

/* What room is made for. */
struct kept_new {
	const char *kind;	/* NULL: nothing, or in a directory of one user alone */
	uint64_t more;		/* bytes that it adds to all */
	uint64_t disk;		/* of which are still to be written */
};

/*
 * Makes room for a new file.  Removes modules that no dump of the directory needs, the least
 * recently crashed first; then, for most alone, those that are needed: files with digests as long
 * as these, with the new one, have more than half of most, then any.  For a digest beyond that half
 * no others go that are needed.  What is removed goes in one step, so that nobody finds half of it;
 * whoever has a file open goes on reading it.  The caller has the lock of the store
 * (kept_store_lock), which has its modules.  Returns 0; -1 with errno, ENOSPC when there is not so
 * much room.
 */
int kept_make_room(const struct kept_store *s, const struct kept_budget *b,
    const struct kept_new *n);

#endif
