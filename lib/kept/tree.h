/*
 * A directory of links for a debugger, which finds the files of modules by their paths alone: each path in the core
 * leads to the right file, wherever that is, and a file of another build is not there.
 */
#ifndef GZCORE_KEPT_TREE_H
#define GZCORE_KEPT_TREE_H

#include "kept/found.h"

/* Below the tree's directory: the links by path, and by the last part of the path alone where that tells them apart. */
#define KEPT_TREE_ROOT "root"
#define KEPT_TREE_NAMES "names"

struct kept_tree {
	char dir[PATH_MAX];		/* "" while there is none */
	/* not all files are at their paths in the core */
	int needed;
	/* the dynamic linker opened one of the files by a relative path */
	int relative;
	struct kept_tree_file {
		const struct core_file *file;
		char *path;		/* of the right file */
	} *file;
	size_t files, room;
};

/*
 * Finds the files of the core's modules, and calls tell for each but the executable whose file is not found, for a
 * reason that kept_found names.  Returns 0, or -1 with errno: memory.  kept_tree_forget is due in any case.
 */
int kept_tree_find(struct kept_tree *t, struct kept_sources *s, const struct core *c,
    struct image *i,
    void (*tell)(void *arg, const struct core_file *file, const struct kept_found *f), void *arg);
void kept_tree_forget(struct kept_tree *t);

/*
 * Makes the tree below $TMPDIR or /tmp.  A process that this starts removes it when this process, and whatever it
 * has started, have ended; it holds nothing else open.  Returns 0, or -1 with errno and nothing left.
 */
int kept_tree_make(struct kept_tree *t, const struct core *c, struct image *i);

#endif
