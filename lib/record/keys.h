/*
 * The one table of the keys that a record of a crash may have.  JSON and its schemas, what is left
 * out of the record of an encrypted core and of what is sent, and the list in gzcoredump-record(5)
 * follow from it.  A new key is one entry in keys.c, the place that fills it, and a line in the
 * manuals that list keys by hand: core-info(1) and gzcoredump(8).
 */
#ifndef GZCORE_RECORD_KEYS_H
#define GZCORE_RECORD_KEYS_H

#include <stddef.h>

/*
 * The type of a value.  In a line every value is text; in JSON a number stands without quotes, and
 * yes or no stands as true or false.
 */
enum key_type {
	KEY_TEXT, KEY_NUMBER, KEY_FLAG,
	KEY_OBJECTS	/* an array of objects in JSON, made from the lines of another key */
};

/* The programs that say it, as bits. */
enum key_from {
	KEY_LIVE = 1,		/* core-info -p, from /proc */
	KEY_CORE = 2,		/* core-info, from a core */
	KEY_STACK = 4,		/* core-trace */
	KEY_HANDLER = 8,	/* gzcoredump */
	KEY_FORWARD = 16,	/* core-forward */
	KEY_ALONE = 32,		/* core-info, but no record has it */
	KEY_LISTED = 64		/* core-list, from the directory: no record has it */
};

/* How much a value may give away. */
enum key_private {
	KEY_OPEN,
	KEY_PRIVATE,		/* not in the record of a core that a filter encrypts */
	KEY_SECRET		/* nor in hooks' variables and gzip headers */
};

struct key {
	const char *name;	/* [a-z][a-z0-9_]* */
	enum key_type type;
	unsigned from;
	enum key_private private;
	int repeats;		/* may have several lines: in JSON an array of strings */
	int local;		/* of use only beside the stored file: core-list -a omits it */
	const char *words;	/* for schemas and the manual: plain text without a full stop */
	const char *bounds;	/* further members of its JSON schema, or NULL */
};

/* In the order in which core-list -aj and a finished record have them. */
extern const struct key keys_all[];
extern const size_t keys_count;

/* The key of that name, name[len], or NULL: no known one. */
const struct key *keys_find(const char *name, size_t len);

#endif
