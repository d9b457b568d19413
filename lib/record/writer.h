/*
 * Writes keys and values as lines KEY=VALUE or as JSON (RFC 8259), with the escapes of record.h.
 * Lines have no objects and arrays; the writer puts the commas between members.  A value that is
 * made of several parts goes through writer_print and writer_escape.
 */
#ifndef GZCORE_RECORD_WRITER_H
#define GZCORE_RECORD_WRITER_H

#include <stddef.h>
#include <stdint.h>

struct record;

enum writer_form {
	WRITER_LINES,
	WRITER_JSON,
	WRITER_MEMBERS	/* JSON: further members of an object that has some already */
};

struct writer {
	int (*put)(void *arg, const char *text, size_t len);
	void *arg;
	int json;
	const char *between;	/* what stands before the next member or element */
	int error;		/* errno of the first failure; nothing is written after it */
	size_t len;
	char text[1024];	/* what was not given to put yet: len bytes */
};

/* Begins.  put(arg, text, len) takes the text piece by piece and returns 0, or -1 with errno. */
void writer_start(struct writer *w, enum writer_form form,
    int (*put)(void *arg, const char *text, size_t len), void *arg);

/* Gives put what is held, at the end or before.  Returns 0, or -1 with errno if any step failed. */
int writer_flush(struct writer *w);

/* Has writer_flush fail with that errno: the caller has no more memory, say. */
void writer_fail(struct writer *w, int error);

/*
 * Writes a value: n bytes of any kind; a string; a number; a number in hexadecimal with 0x before
 * it, a string in JSON; bytes as hexadecimal digits; yes or no, true or false in JSON.  key is
 * [a-z0-9_]+, and in JSON NULL for an element of an array.
 */
void writer_bytes(struct writer *w, const char *key, const void *bytes, size_t n);
void writer_text(struct writer *w, const char *key, const char *text);
void writer_number(struct writer *w, const char *key, uint64_t value);
void writer_hex(struct writer *w, const char *key, uint64_t value);
void writer_digits(struct writer *w, const char *key, const uint8_t *bytes, size_t n);
void writer_flag(struct writer *w, const char *key, int value);

/* The fields of a record: lines, or members of an object. */
void writer_record(struct writer *w, const struct record *r);

/* Begins and ends an object, '{' and '}', or an array, '[' and ']'; nothing in lines. */
void writer_open(struct writer *w, const char *key, char bracket);
void writer_close(struct writer *w, char bracket);

/* Text as it is, cut after WRITER_PRINT bytes; and bytes of any length with the form's escape. */
#define WRITER_PRINT 255
void writer_print(struct writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void writer_escape(struct writer *w, const void *bytes, size_t n);

#endif
