/*
 * Where the files of a crashed process's modules may be now: kept beside its dump, in a tree of the files of its
 * container, at their own paths, or at those below its root directory.
 */
#ifndef GZCORE_KEPT_SOURCES_H
#define GZCORE_KEPT_SOURCES_H

#include <limits.h>

#include "core/core.h"
#include "dumps/operand.h"
#include "kept/find.h"

struct kept_sources {
	struct kept_find kept;
	int root, old_root;		/* of -R, and of the process by its record; or -1 */
	char root_path[PATH_MAX], old_root_path[PATH_MAX];
	char exe[PATH_MAX];		/* of the record, or "" */
};

enum kept_kind { KEPT_BESIDE, KEPT_ROOT, KEPT_PATH, KEPT_OLD_ROOT };

/* A file that may be a module's. */
struct kept_file {
	int fd;				/* only open during the call; -1: it cannot be opened */
	int why;			/* then, an errno */
	const char *path;		/* leads to it; only during the call */
	enum kept_kind kind;
	int sure;			/* it was kept for this very module */
};

/*
 * Prepares them for the dump or the file of a core that was opened as operand, and for root, the directory of -R or
 * NULL.  With now, what the dump's record names is opened at once.  Returns 0, or -1 with errno: root is no directory
 * that can be opened.  kept_sources_close is due in any case.
 */
int kept_sources_open(struct kept_sources *s, const struct operand *o, const char *operand,
    const char *root, int now);
void kept_sources_close(struct kept_sources *s);

/* Whether there is any but the modules' own paths. */
int kept_sources_any(const struct kept_sources *s);

/*
 * Calls each with the files that may be that of a file that the core names, best first, until it returns other than
 * 0, which is returned; else 0.  What is not there is left out, but for the path in the core.
 */
int kept_sources_offer(struct kept_sources *s, const struct core *c, const struct core_file *file,
    int (*each)(void *arg, const struct kept_file *f), void *arg);

#endif
