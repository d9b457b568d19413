/* A record that is there already, changed in one step. */
#ifndef GZCORE_CRASH_CHANGE_H
#define GZCORE_CRASH_CHANGE_H

#include <stddef.h>

struct change {
	const char *lines;	/* KEY=VALUE, each with a newline */
	const char *after;	/* new keys go behind the first line with this key, or NULL */
	/* Lists of keys up to a NULL: new keys go before the first line with one, or lines go. */
	const char *const *before, *const *without;
};

/* Adds a key to such a list of CHANGE_KEYS, a NULL among them; 0, or -1 when it is full. */
int change_add_key(const char **keys, const char *key);
#define CHANGE_KEYS 16

/*
 * One text of all the texts, up to a NULL, each with a newline, which the caller frees; NULL:
 * memory.
 */
char *change_join(char **texts);

/* Whether text is lines KEY=VALUE, each with a newline. */
int change_lines_ok(const char *text);

/*
 * Returns the text of the record with the change, which the caller frees; NULL: memory.  A key that
 * is there already gets its new lines in the place of the first old one; others come together,
 * behind or before a line as above, else at the end.
 */
char *change_text(const char *record, const struct change *c);

/* Changes the record DIR/FILE, which keeps its owner and mode: 0, or -1 with errno. */
int change_file(const char *path, const struct change *c);

#endif
