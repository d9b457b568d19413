/* Reading a Rust symbol of version 0 (RFC 2603), and writing what it stands for.  After a failure nothing is done. */
#ifndef GZCORE_DEMANGLE_RUST_READ_H
#define GZCORE_DEMANGLE_RUST_READ_H

#include <stddef.h>
#include <stdint.h>

struct demangle_v0 {
	const char *text;		/* behind _R */
	size_t at, steps;
	int depth, failed, silent;	/* silent: what is read is not written */
	char *out;
	size_t len, room;
};

/* Writes text[n], or a string, unless silent; without room for it, that is a failure. */
void demangle_put(struct demangle_v0 *v, const char *text, size_t n);
void demangle_say(struct demangle_v0 *v, const char *text);

/* Whether the next character is c, which is then taken; and any next one, of which there must be one: else NUL. */
int demangle_take(struct demangle_v0 *v, char c);
char demangle_take_any(struct demangle_v0 *v);

/*
 * A number of base 62 and "_": nothing is 0, and else one more than its digits.  The same behind a
 * letter, and one more: 0 when the letter is not there.
 */
uint64_t demangle_base62(struct demangle_v0 *v);
uint64_t demangle_marked(struct demangle_v0 *v, char letter);

/* Reads [u] DECIMAL [_] BYTES; the bytes are *name[returned]. */
size_t demangle_identifier(struct demangle_v0 *v, const char **name);

#endif
