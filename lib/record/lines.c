#include "record/lines.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "record/frame.h"
#include "record/keys.h"
#include "record/record.h"
#include "record/writer.h"

#define KEY_BYTES 64

struct line {
	const char *key, *value;
	size_t key_len, value_len;
};

static int
among(const struct line *l, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strlen(*words) == l->key_len && memcmp(l->key, *words, l->key_len) == 0)
			return 1;
	return 0;
}

/* Whether c may be in a key, also as its first character. */
static int
in_key(char c, int later)
{
	return (c >= 'a' && c <= 'z') || (later && ((c >= '0' && c <= '9') || c == '_'));
}

/* Whether both lines have the same key. */
static int
same_key(const struct line *a, const struct line *b)
{
	return a->key_len == b->key_len && memcmp(a->key, b->key, a->key_len) == 0;
}

/* Takes the next line that has a key from *p; whether there was one. */
static int
next_line(struct line *l, const char **p, const char *end)
{
	while (*p < end) {
		const char *start = *p, *stop = start, *key_end = start;

		while (stop < end && *stop != '\n' && *stop != '\0')
			stop++;
		*p = stop < end ? stop + 1 : end;
		while (key_end < stop && in_key(*key_end, key_end > start))
			key_end++;
		if (key_end == start || key_end == stop || *key_end != '=' ||
		    key_end - start > KEY_BYTES)
			continue;
		*l = (struct line){ .key = start, .key_len = (size_t)(key_end - start),
			.value = key_end + 1, .value_len = (size_t)(stop - key_end - 1) };
		return 1;
	}
	return 0;
}

/* The name of a key, terminated. */
static const char *
name_of(const struct line *l, char name[KEY_BYTES + 1])
{
	memcpy(name, l->key, l->key_len);
	name[l->key_len] = '\0';
	return name;
}

/* The value as a string, its escapes undone. */
static void
put_string(struct writer *w, const char *name, const struct line *l)
{
	char *bytes = malloc(l->value_len + 1);

	if (bytes == NULL) {
		writer_fail(w, ENOMEM);
		return;
	}
	memcpy(bytes, l->value, l->value_len);
	bytes[l->value_len] = '\0';
	writer_bytes(w, name, bytes, record_unescape(bytes));
	free(bytes);
}

/* All lines that have the key of the first. */
static void
put_list(struct writer *w, const struct line *first, const char *text, const char *end)
{
	char name[KEY_BYTES + 1];
	struct line l;

	writer_open(w, name_of(first, name), '[');
	while (next_line(&l, &text, end))
		if (same_key(&l, first))
			put_string(w, NULL, &l);
	writer_close(w, ']');
}

/* A number or a truth value; what is neither is left out. */
static void
put_bare(struct writer *w, const struct line *l, enum key_type type)
{
	char name[KEY_BYTES + 1], value[24] = "";
	uint64_t number;

	if (l->value_len < sizeof(value)) {
		memcpy(value, l->value, l->value_len);
		value[l->value_len] = '\0';
	}
	name_of(l, name);
	if (type == KEY_FLAG && (strcmp(value, "yes") == 0 || strcmp(value, "no") == 0))
		writer_flag(w, name, value[0] == 'y');
	/* JSON has no leading zeros. */
	else if (type == KEY_NUMBER && number_parse(value, 0, UINT64_MAX, &number) == 0 &&
	    (value[0] != '0' || value[1] == '\0'))
		writer_number(w, name, number);
}

/* The same lines as objects: those that are frames. */
static void
put_frames(struct writer *w, const struct line *first, const char *text, const char *end)
{
	struct frame f;
	struct line l;
	int any = 0;

	while (next_line(&l, &text, end)) {
		if (!same_key(&l, first) || frame_read(&f, l.value, l.value_len) < 0)
			continue;
		if (!any++)
			writer_open(w, "frames", '[');
		frame_json(w, &f);
	}
	if (any)
		writer_close(w, ']');
}

/* Lines of frames with the number of a thread before each, as an object for each thread. */
static void
put_stacks(struct writer *w, const struct line *first, const char *text, const char *end)
{
	uint64_t tid, last = UINT64_MAX;
	char number[12];
	struct frame f;
	struct line l;
	int any = 0;

	while (next_line(&l, &text, end)) {
		const char *blank = memchr(l.value, ' ', l.value_len);
		size_t n = blank != NULL ? (size_t)(blank - l.value) : 0;

		if (!same_key(&l, first) || n == 0 || n >= sizeof(number))
			continue;
		memcpy(number, l.value, n);
		number[n] = '\0';
		if (number_parse(number, 0, UINT32_MAX, &tid) < 0 ||
		    frame_read(&f, blank + 1, l.value_len - n - 1) < 0)
			continue;
		if (!any++)
			writer_open(w, "stacks", '[');
		if (tid != last && last != UINT64_MAX) {
			writer_close(w, ']');
			writer_close(w, '}');
		}
		if (tid != last) {
			writer_open(w, NULL, '{');
			writer_number(w, "tid", tid);
			writer_open(w, "frames", '[');
		}
		last = tid;
		frame_json(w, &f);
	}
	if (any) {
		writer_close(w, ']');
		writer_close(w, '}');
		writer_close(w, ']');
	}
}

static void
put_member(struct writer *w, const struct line *l, const char *text, const char *end)
{
	const struct key *key = keys_find(l->key, l->key_len);
	char name[KEY_BYTES + 1];

	if (key != NULL && key->repeats) {
		put_list(w, l, text, end);
		if (strcmp(key->name, "frame") == 0)
			put_frames(w, l, text, end);
		else if (strcmp(key->name, "thread_frame") == 0)
			put_stacks(w, l, text, end);
	} else if (key != NULL && key->type != KEY_TEXT) {
		put_bare(w, l, key->type);
	} else {
		put_string(w, name_of(l, name), l);
	}
}

/* Whether the caller writes the key itself, or it is of use only beside the stored file. */
static int
left_out(const struct line *l, const char *const *without)
{
	const struct key *key = keys_find(l->key, l->key_len);

	return (key != NULL && (key->local || (key->from & KEY_LISTED) != 0)) || among(l, without);
}

int
record_lines_json(const char *text, size_t n, const char *const *without,
    int (*put)(void *arg, const char *text, size_t len), void *arg)
{
	struct writer w;
	struct line seen[RECORD_LINES_KEYS], l;
	const char *p = text, *end = text + n;
	size_t count = 0;

	while (next_line(&l, &p, end)) {
		size_t i = 0;

		while (i < count && !same_key(&seen[i], &l))
			i++;
		if (i < count)
			seen[i] = l;
		else if (count < RECORD_LINES_KEYS && !left_out(&l, without))
			seen[count++] = l;
	}
	writer_start(&w, WRITER_MEMBERS, put, arg);
	for (size_t i = 0; i < count; i++)
		put_member(&w, &seen[i], text, end);
	return writer_flush(&w);
}
