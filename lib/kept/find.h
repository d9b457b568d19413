/*
 * Finds the files that core-keep(1) kept of the modules of crashed processes, in DIR/modules beside the dumps:
 * buildid/HEX/executable, and for modules without a build-id uuid/HEX/executable or digest/HEX/executable, with a list
 * of their paths beside it.  Nothing there is trusted: no link is followed, and only regular files are opened.
 */
#ifndef GZCORE_KEPT_FIND_H
#define GZCORE_KEPT_FIND_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/files.h"

/* The longest name of a kept file, KIND/HEX with the terminator: a build-id has up to 64 bytes. */
#define KEPT_FIND_NAME (8 + 1 + 2 * ELF_ID_BUILD_ID_MAX + 1)
/* The most modules that are remembered or looked for, the most lists of paths that are read, and the most paths. */
#define KEPT_FIND_MOST 4096
#define KEPT_FIND_PATHS 65536

struct kept_find {
	int dir;			/* DIR/modules, or -1: there is none */
	int why;			/* it is there, but may not be used: an errno, else 0 */
	uid_t owner;			/* of that */
	char path[PATH_MAX];		/* of that */
	/* what the record says, and files that were opened already */
	struct kept_entry {
		uint64_t start;		/* of a module in the core, or 0: any with that identity */
		char name[KEPT_FIND_NAME];	/* KIND/HEX */
		int fd;			/* or -1 */
	} *entry;
	size_t entries, room;
	/* the lists of paths, once they are read */
	struct kept_path {
		char name[KEPT_FIND_NAME];
		char *path;
	} *list;
	size_t lists, lists_room;
	int listed;
};

/*
 * Opens modules in the directory dir, whose path is only shown; both stay the caller's.  The directory must belong to
 * root, to us or to user, who owns the dump: another may not offer files.  Returns 0, or -1 with errno, ENOENT when
 * there is none; kept_find_close is due in any case.
 */
int kept_find_open(struct kept_find *k, int dir, const char *path, uid_t user);
void kept_find_close(struct kept_find *k);

/*
 * Takes the lines kept_module= and module= of a record of len bytes, each ending with a newline or a NUL.  With now,
 * the files are opened at once, for a process that is about to give up its rights.
 */
void kept_find_record(struct kept_find *k, const char *text, size_t len, int now);

/*
 * Calls each with the kept files that may be the module's, best first, until it returns other than 0, which is
 * returned; else 0.  fd is only open during the call; sure: it was kept for the very module of this dump.  What cannot
 * be opened is given with fd -1 and errno, unless it is not there.
 */
int kept_find_offer(struct kept_find *k, const struct core_file *file,
    int (*each)(void *arg, int fd, const char *path, int sure), void *arg);

#endif
