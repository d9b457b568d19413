#include "kept/debugger.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "record/record.h"

/* gdb's own default. */
#define DEBUG_DIR "/usr/lib/debug"

void
debugger_command(struct debugger *d, const char *program, const char *debug,
    const struct kept_tree *tree, const char *executable, int fd)
{
	size_t n = 0;

	memset(d, 0, sizeof(*d));
	d->argv[n++] = program != NULL ? program : "gdb";
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
