/*
 * A directory of links for a debugger, which finds the files of modules by their paths alone: each path in the core
 * leads to the right file, wherever that is, and a file of another build is not there.  For the debugger of another
 * user, it has copies of the files that this user cannot read, and of those that yet others can replace.
 */
#ifndef GZCORE_KEPT_TREE_H
#define GZCORE_KEPT_TREE_H

#include "kept/found.h"

/*
 * Below the tree's directory: the links by path, and by the last part of the path alone where that tells them apart;
 * and the copies, each in a directory of its own with its own name.
 */
#define KEPT_TREE_ROOT "root"
#define KEPT_TREE_NAMES "names"
#define KEPT_TREE_COPIES "copies"

struct kept_tree {
	/* the caller's: the debugger is of another user, this one */
	int other;
	uid_t user;
	char dir[PATH_MAX];		/* "" while there is none */
	/* not all files are at their paths in the core */
	int needed;
	/* the dynamic linker opened one of the files by a relative path */
	int relative;
	struct kept_tree_file {
		const struct core_file *file;
		char *path;		/* of the right file */
		int fd;			/* of what is to be copied, or -1 */
	} *file;
	size_t files, room;
};

/*
 * Finds the files of the core's modules, and calls tell for each but the executable whose file is not found, for a
 * reason that kept_found names.  Returns 0, or -1 with errno: memory, or open files.  kept_tree_forget is due in any
 * case.
 */
int kept_tree_find(struct kept_tree *t, struct kept_sources *s, const struct core *c,
    struct image *i,
    void (*tell)(void *arg, const struct core_file *file, const struct kept_found *f), void *arg);
void kept_tree_forget(struct kept_tree *t);

/*
 * Makes the tree below $TMPDIR or /tmp, with a copy of the executable too where fd is not -1; path, its path, becomes
 * that of the copy.  For another user, this process has become that user by now.  A process that this starts removes
 * it when this process, and whatever it has started, have ended; it holds nothing else open.  Returns 0, or -1 with
 * errno and nothing left.
 */
int kept_tree_make(struct kept_tree *t, const struct core *c, struct image *i, int fd,
    char path[PATH_MAX]);

/* The path in the tree of the copy of an executable, whose path it was before. */
void kept_tree_executable(const struct kept_tree *t, char path[PATH_MAX]);

#endif
