/* The debugger of a root runs as another user, who has fewer rights: core-open's own part. */
#ifndef GZCORE_TOOLS_LESSER_H
#define GZCORE_TOOLS_LESSER_H

#include <stddef.h>
#include <sys/types.h>

#include "kept/debugger.h"

struct lesser {
	int other;		/* whether it is another user than ours */
	uid_t uid;
	gid_t gid;
};

/*
 * Chooses the user: asked, by -U, if that is not NULL; for a root, who called sudo(8), else gzcore, else nobody.  An
 * asked user who cannot be had ends the program.
 */
struct lesser lesser_choose(const char *asked);

/* How the user is shown before a command, "" for ours, in text; the number of bytes. */
#define LESSER_TEXT 96
size_t lesser_text(const struct lesser *l, char text[LESSER_TEXT]);

/* Whether the user can open fd, a regular file, again. */
int lesser_can_open(const struct lesser *l, int fd);

/*
 * Becomes the other user, for good, with an environment that is theirs.  On failure it ends the program.
 */
void lesser_become(const struct lesser *l);

/*
 * For the debugger of another user, who has been become: only the system's files, those of the tree, debug and the
 * user's home if they asked for this by sudo, and what the command names, can be opened from now on.
 */
void lesser_confine(const struct debugger *d, const struct kept_tree *t, const char *debug);

#endif
