/* The lines of a record, as they are stored, as members of a JSON object. */
#ifndef GZCORE_RECORD_LINES_H
#define GZCORE_RECORD_LINES_H

#include <stddef.h>

/* The most keys that are told apart; further ones are left out. */
#define RECORD_LINES_KEYS 128

/*
 * Gives put(arg, text, len) the lines of text[n] as members of a JSON object (RFC 8259) with ", "
 * before each.  A line is KEY=VALUE with a newline or a NUL at its end.  The table of keys (keys.h)
 * says the type of a value: a key that repeats becomes an array of strings, of any other key the
 * last line counts, and a key that is not in the table is a string.  Strings have the escape
 * undone.
 *
 * Left out are values that are not of their type, keys that are not [a-z][a-z0-9_]* of up to 64
 * bytes, local keys and those that only core-list says, and the keys in without, which ends with
 * NULL.  Returns 0, or -1 with errno: memory, or what put said.
 */
int record_lines_json(const char *text, size_t n, const char *const *without,
    int (*put)(void *arg, const char *text, size_t len), void *arg);

#endif
