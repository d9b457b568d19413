/* Keeping the files of a process that were opened while it was held. */
#ifndef GZCORE_KEPT_KEEP_H
#define GZCORE_KEPT_KEEP_H

#include <stdarg.h>
#include <stdint.h>
#include <sys/types.h>

#include "kept/budget.h"
#include "kept/hold.h"

/*
 * The most time for one step with a file, ms: a file system may never answer.  Nor does it take more
 * than a quarter of what is left.
 */
#define KEPT_FILE_MS 10000
/* How long the lock of the store is waited for, ms. */
#define KEPT_LOCK_MS 10000

struct kept_options {
	uid_t uid;		/* who reads the files */
	gid_t gid;
	int all;		/* also files that this user finds at their paths */
	int only_say;
	int64_t ms;		/* the most time for all */
	struct kept_budget budget;
	/*
	 * A module whose file is kept: its first address, and its name KIND/NAME; of a digest, the user who alone can
	 * write the file, or -1.
	 */
	void (*kept)(void *arg, uint64_t start, const char *kind, const char *name, int64_t owner);
	/* What became of a file: a problem, or otherwise a fact.  error: errno or 0. */
	void (*tell)(void *arg, int problem, const char *path, const char *what, int error);
	void *arg;
};

/*
 * Keeps the files of the modules in h in the store: all but those that the user finds, at most
 * KEPT_FILE_MS long for each, by children that have given up root.  What is kept already is only
 * touched.  Returns how many that should be kept are not.
 */
size_t kept_keep(struct kept_store *s, const struct kept_held *h,
    const struct kept_options *o);

#endif
