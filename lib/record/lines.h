/* The lines of a record, as they are stored, as members of a JSON object. */
#ifndef GZCORE_RECORD_LINES_H
#define GZCORE_RECORD_LINES_H

#include <stddef.h>

/* The most keys that are told apart; further ones are left out. */
#define RECORD_LINES_KEYS 128

/*
 * Gives put(arg, text, len) the lines KEY=VALUE of text[n], each ended by a newline or a NUL, as members of a JSON
 * object (RFC 8259) with ", " before each.  The type of a key is always the same: an array of strings for those that
 * may come more than once (frame, module, …), a number or a truth value where the record of record.h has one, else
 * a string, in which the escape is undone.  Of other keys that come again the last line counts.  What is of the wrong
 * type, keys that are not [a-z][a-z0-9_]* of up to 64 bytes and those in without, up to a NULL, are left out.
 * Returns 0, or -1 with errno: memory, or what put said.
 */
int record_lines_json(const char *text, size_t n, const char *const *without,
    int (*put)(void *arg, const char *text, size_t len), void *arg);

#endif
