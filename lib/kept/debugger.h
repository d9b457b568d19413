/* The command that hands a core to a debugger. */
#ifndef GZCORE_KEPT_DEBUGGER_H
#define GZCORE_KEPT_DEBUGGER_H

#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

#include "kept/tree.h"

struct debugger {
	const char *argv[12];	/* ends with NULL */
	char core[64], debug[PATH_MAX + 64], root[PATH_MAX + 64], names[PATH_MAX + 64];
};

/*
 * PROGRAM EXECUTABLE CORE, or without an executable PROGRAM -c CORE, for the process that becomes it: the core is
 * its descriptor fd, by a path that is good for what it starts too.  program NULL: gdb, with debug (NULL: none)
 * before its usual directory of debug files, without the scripts that it would load from beside the files that the core
 * names, and with the tree, if that is needed, as the only place of the modules' files.  The strings stay the caller's.
 */
void debugger_command(struct debugger *d, const char *program, const char *debug,
    const struct kept_tree *tree, const char *executable, int fd);

/*
 * Whether a user can read the file at a path, and nobody but they and root can put another there; if so, real is a path
 * without links that leads to it.
 */
int debugger_can_read(const char *path, uid_t user, char real[PATH_MAX]);

/* The command as printable text, CORE for the core, in out[len]. */
void debugger_text(const struct debugger *d, char *out, size_t len);

#endif
