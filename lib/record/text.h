/* A record as it is stored: lines KEY=VALUE, and what can be found in them and changed. */
#ifndef GZCORE_RECORD_TEXT_H
#define GZCORE_RECORD_TEXT_H

#include <stddef.h>
#include <stdio.h>

struct text_line {
	const char *start;
	size_t len;		/* without the newline */
	size_t key_len;		/* of [a-z0-9_]; 0: the line has no key */
	const char *value;	/* behind the '='; NULL: the line has no key */
	size_t value_len;
};

/* Takes the line at *text and moves *text behind it.  Returns 0 at the end of the string. */
int text_next(struct text_line *l, const char **text);

/* Whether the line has this key. */
int text_is(const struct text_line *l, const char *key);
/* The same for one of the keys, up to a NULL. */
int text_is_among(const struct text_line *l, const char *const *keys);

/* Whether the line can stand in a record: it has a key, and is printable ASCII. */
int text_is_plain(const struct text_line *l);

/* Whether two lines have the same key. */
int text_same_key(const struct text_line *a, const struct text_line *b);
/*
 * The start of the first line of text with the key of this one, which may be that line itself, or
 * NULL.
 */
const char *text_like(const char *text, const struct text_line *l);

/* The value of the first line with the key, its length in *len; NULL when there is none. */
const char *text_value(const char *text, const char *key, size_t *len);

/* The start of the first line with the key, or NULL. */
const char *text_find(const char *text, const char *key);

/* Appends the line to a stream, with a newline. */
void text_put(FILE *to, const struct text_line *l);

/* Appends formatted text to a stream of the caller's. */
void text_print(FILE *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As fwrite, to the stream to: for functions that are given one to write with.  0, or -1. */
int text_append(void *to, const char *text, size_t len);

/*
 * Ends a stream of open_memstream(3), whose text is *text: 0; or -1 with errno, the text freed and
 * NULL, when not all of it was written.
 */
int text_close(FILE *f, char **text);

#endif
