#include "record/lines.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "record/record.h"

#define KEY_BYTES 64

struct line {
	const char *key, *value;
	size_t key_len, value_len;
};

struct writer {
	int (*put)(void *arg, const char *text, size_t len);
	void *arg;
};

static const char *const lists[] = { "env", "error", "frame", "kept", "module", "module_package",
	"module_uuid", "thread", NULL };
static const char *const numbers[] = { "bytes", "class", "container_owner", "dumpable", "egid",
	"env_left_out", "euid", "gid", "limit", "loop_count", "missing", "modules", "nspid",
	"open_files", "pid", "promised", "record", "rss", "rss_peak", "segments", "segments_there",
	"signal", "sigpid", "siguid", "small_bytes", "swap", "syscall_nr", "threads", "tid",
	"trimmed_of", "uid", "uptime_ms", "vsize", NULL };
static const char *const flags[] = { "complete", "exe_deleted", "io_uring", "object_whole",
	"secure_exec", NULL };

static int
is(const struct line *l, const char *word)
{
	return strlen(word) == l->key_len && memcmp(l->key, word, l->key_len) == 0;
}

static int
among(const struct line *l, const char *const *words)
{
	for (; *words != NULL; words++)
		if (is(l, *words))
			return 1;
	return 0;
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
		while (key_end < stop && ((*key_end >= 'a' && *key_end <= 'z') || (key_end > start &&
		    ((*key_end >= '0' && *key_end <= '9') || *key_end == '_'))))
			key_end++;
		if (key_end == start || key_end == stop || *key_end != '=' || key_end - start > KEY_BYTES)
			continue;
		*l = (struct line){ .key = start, .key_len = (size_t)(key_end - start), .value = key_end + 1,
			.value_len = (size_t)(stop - key_end - 1) };
		return 1;
	}
	return 0;
}

static int
put(struct writer *w, const char *text)
{
	return w->put(w->arg, text, strlen(text));
}

static int
put_key(struct writer *w, const struct line *l)
{
	return put(w, ", \"") < 0 || w->put(w->arg, l->key, l->key_len) < 0 || put(w, "\": ") < 0 ? -1 : 0;
}

/* The value as a string, its escapes undone. */
static int
put_string(struct writer *w, const struct line *l)
{
	char *bytes = malloc(l->value_len + 1), *text = NULL;
	size_t n;
	int rc = -1;

	if (bytes != NULL) {
		memcpy(bytes, l->value, l->value_len);
		bytes[l->value_len] = '\0';
		n = record_unescape(bytes);
		if ((text = malloc(RECORD_JSON(n))) != NULL) {
			n = record_json(text, bytes, n);
			rc = put(w, "\"") < 0 || w->put(w->arg, text, n) < 0 || put(w, "\"") < 0 ? -1 : 0;
		}
	}
	free(text);
	free(bytes);
	return rc;
}

/* All lines of the key of this one. */
static int
put_list(struct writer *w, const struct line *first, const char *text, const char *end)
{
	const char *between = "[";
	struct line l;

	if (put_key(w, first) < 0)
		return -1;
	while (next_line(&l, &text, end)) {
		if (l.key_len != first->key_len || memcmp(l.key, first->key, l.key_len) != 0)
			continue;
		if (put(w, between) < 0 || put_string(w, &l) < 0)
			return -1;
		between = ", ";
	}
	return put(w, "]");
}

static int
put_member(struct writer *w, const struct line *l)
{
	uint64_t number;
	char value[24] = "";

	if (!among(l, numbers) && !among(l, flags))
		return put_key(w, l) < 0 || put_string(w, l) < 0 ? -1 : 0;
	if (l->value_len < sizeof(value)) {
		memcpy(value, l->value, l->value_len);
		value[l->value_len] = '\0';
	}
	if (among(l, flags)) {
		if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
			return 0;
		return put_key(w, l) < 0 || put(w, *value == 'y' ? "true" : "false") < 0 ? -1 : 0;
	}
	/* JSON has no leading zeros. */
	if (number_parse(value, 0, UINT64_MAX, &number) < 0 || (value[0] == '0' && value[1] != '\0'))
		return 0;
	return put_key(w, l) < 0 || put(w, value) < 0 ? -1 : 0;
}

int
record_lines_json(const char *text, size_t n, const char *const *without,
    int (*to)(void *arg, const char *text, size_t len), void *arg)
{
	struct writer w = { .put = to, .arg = arg };
	struct line seen[RECORD_LINES_KEYS], l;
	const char *p = text, *end = text + n;
	size_t count = 0;
	int rc = 0;

	while (next_line(&l, &p, end)) {
		size_t i = 0;

		while (i < count && (seen[i].key_len != l.key_len || memcmp(seen[i].key, l.key, l.key_len) != 0))
			i++;
		if (i < count)
			seen[i] = l;
		else if (count < RECORD_LINES_KEYS && !among(&l, without))
			seen[count++] = l;
	}
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = among(&seen[i], lists) ? put_list(&w, &seen[i], text, end) : put_member(&w, &seen[i]);
	return rc;
}
