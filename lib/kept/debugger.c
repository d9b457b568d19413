#define _XOPEN_SOURCE 700
#include "kept/debugger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/record.h"

/* gdb's own default. */
#define DEBUG_DIR "/usr/lib/debug"

/* Whether a user can read or search this, and only they and root can replace what is in it. */
static int
is_theirs(const struct stat *st, uid_t user)
{
	mode_t bit = S_ISDIR(st->st_mode) ? S_IXOTH : S_IROTH;

	if (st->st_uid == user)
		bit = S_ISDIR(st->st_mode) ? S_IXUSR : S_IRUSR;
	else if (st->st_uid != 0)
		return 0;
	/* In a sticky directory, only the owner of a file replaces it. */
	return (st->st_mode & bit) != 0 && ((st->st_mode & (S_IWGRP | S_IWOTH)) == 0 ||
	    (S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) != 0));
}

int
debugger_can_read(const char *path, uid_t user, char real[PATH_MAX])
{
	struct stat st;

	if (realpath(path, real) == NULL || stat("/", &st) < 0 || !is_theirs(&st, user))
		return 0;
	for (char *at = real + 1, *slash; at != NULL; at = slash != NULL ? slash + 1 : NULL) {
		int rc;

		if ((slash = strchr(at, '/')) != NULL)
			*slash = '\0';
		rc = lstat(real, &st);
		if (slash != NULL)
			*slash = '/';
		if (rc < 0 || !is_theirs(&st, user) || (slash != NULL) != S_ISDIR(st.st_mode))
			return 0;
	}
	return S_ISREG(st.st_mode);
}

void
debugger_command(struct debugger *d, const char *program, const char *debug,
    const struct kept_tree *tree, const char *executable, int fd)
{
	size_t n = 0;

	memset(d, 0, sizeof(*d));
	d->argv[n++] = program != NULL ? program : "gdb";
	if (program == NULL) {
		d->argv[n++] = "-iex";
		d->argv[n++] = "set auto-load off";
	}
	if (program == NULL && debug != NULL) {
		snprintf(d->debug, sizeof(d->debug), "set debug-file-directory %s:" DEBUG_DIR,
		    debug);
		d->argv[n++] = "-iex";
		d->argv[n++] = d->debug;
	}
	if (program == NULL && tree->needed) {
		snprintf(d->root, sizeof(d->root), "set sysroot %s/" KEPT_TREE_ROOT, tree->dir);
		snprintf(d->names, sizeof(d->names), "set solib-search-path %s/" KEPT_TREE_NAMES,
		    tree->dir);
		d->argv[n++] = "-iex";
		d->argv[n++] = d->root;
		/* gdb looks for the names in the working directory too.  A colon separates. */
		if (tree->relative && strchr(tree->dir, ':') == NULL) {
			d->argv[n++] = "-iex";
			d->argv[n++] = d->names;
		}
	}
	/* gdb takes a word alone for an executable. */
	d->argv[n++] = executable != NULL ? executable : "-c";
	snprintf(d->core, sizeof(d->core), "/proc/%ld/fd/%d", (long)getpid(), fd);
	d->argv[n] = d->core;
}

void
debugger_text(const struct debugger *d, char *out, size_t len)
{
	char word[RECORD_ESCAPED(PATH_MAX + 64)];
	size_t done = 0;

	for (size_t n = 0; d->argv[n] != NULL && done < len; n++) {
		const char *text = d->argv[n] == d->core ? "CORE" : d->argv[n];
		int k;

		record_escape(word, text, strnlen(text, PATH_MAX + 64));
		k = snprintf(out + done, len - done, "%s%s", n > 0 ? " " : "", word);
		done += k > 0 ? (size_t)k : 0;
	}
}
