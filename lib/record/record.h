/*
 * The record of a crash: an ordered list of keys and values, as KEY=VALUE lines or as a JSON
 * object.
 *
 * In a line every byte of a value outside printable ASCII, and the backslash, stands as \0ooo,
 * three octal digits, which is what printf(1) %b undoes.  In JSON (RFC 8259) a value is a string of
 * UTF-8; a backslash and a byte that is not part of valid UTF-8 stand as the same escape, control
 * characters as \u00xx.
 */
#ifndef GZCORE_RECORD_H
#define GZCORE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The most keys of a record, and the longest value, bytes; what is longer is cut. */
#define RECORD_KEYS 128
#define RECORD_VALUE 4096

struct record {
	size_t count;
	struct record_field {
		const char *key;	/* a constant: [a-z_]+ */
		char *value;		/* len bytes of any kind and a terminator */
		size_t len;
		int bare;		/* in JSON a number or a truth value: no quotes */
	} field[RECORD_KEYS];
	int failed;			/* memory ran out: record_format says so */
};

/* Frees the fields, and makes it an empty record again: all zeros. */
void record_free(struct record *r);

/* Appends a key with len bytes, a string, a number, or yes or no (JSON: true, false). */
void record_bytes(struct record *r, const char *key, const void *value, size_t len);
void record_text(struct record *r, const char *key, const char *value);
void record_number(struct record *r, const char *key, uint64_t value);
void record_flag(struct record *r, const char *key, int value);

/* The first field of a key, or NULL; it stays the record's. */
const struct record_field *record_find(const struct record *r, const char *key);

/* The record as text, which the caller frees: lines, or a JSON object on a line.  NULL: memory. */
char *record_format(const struct record *r, int json);

/* The size of a buffer for the escape of n bytes.  Writes it, terminated; returns its length. */
#define RECORD_ESCAPED(n) (5 * (n) + 1)
size_t record_escape(char *out, const void *bytes, size_t n);

/* The same for the inside of a JSON string. */
#define RECORD_JSON(n) (6 * (n) + 1)
size_t record_json(char *out, const void *bytes, size_t n);

/*
 * Undoes the escape in place; what is no escape stays.  Returns the length, since the result may
 * hold NUL bytes.
 */
size_t record_unescape(char *text);

#ifdef __cplusplus
}
#endif

#endif
