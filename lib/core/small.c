#include "core/small.h"

#include <inttypes.h>
#include <string.h>

#include "base/number.h"
#include "record/writer.h"

/* The longest line that is understood, bytes. */
#define LINE 96

/*
 * The value of the next line of the key, cut into line; whether there was one.  Longer ones are
 * passed over.
 */
static int
next_value(const struct core *c, size_t *at, const char *key, char line[LINE])
{
	size_t key_len = strlen(key);

	while (*at < c->trim_len) {
		const char *start = c->trim + *at, *end = memchr(start, '\n', c->trim_len - *at);
		size_t n = end != NULL ? (size_t)(end - start) : c->trim_len - *at;

		*at += n + (end != NULL);
		if (n <= key_len || n - key_len >= LINE || memcmp(start, key, key_len) != 0)
			continue;
		memcpy(line, start + key_len, n - key_len);
		line[n - key_len] = '\0';
		if (strlen(line) == n - key_len)
			return 1;
	}
	return 0;
}

size_t
core_note_put(const struct core *c, const char *text, size_t n, uint8_t *note)
{
	const size_t head = 12 + (sizeof(CORE_SMALL_OWNER) + 3) / 4 * 4;

	core_number_put(c, note, 4, sizeof(CORE_SMALL_OWNER));
	core_number_put(c, note + 4, 4, n);
	core_number_put(c, note + 8, 4, CORE_SMALL_NOTE);
	memset(note + 12, 0, head - 12);
	memcpy(note + 12, CORE_SMALL_OWNER, sizeof(CORE_SMALL_OWNER));
	memcpy(note + head, text, n);
	memset(note + head + n, 0, 3);
	return head + (n + 3) / 4 * 4;
}

uint64_t
core_holes_left_out(const struct core *c)
{
	char line[LINE];
	uint64_t bytes;
	size_t at = 0;

	return next_value(c, &at, "holes_left_out=", line) &&
	    number_parse(line, 1, UINT64_MAX, &bytes) == 0 ? bytes : 0;
}

const char *
core_small(const struct core *c, uint64_t *of)
{
	static const char *const words[] = { "file", "stream", "process" };
	char line[LINE];
	size_t at = 0;

	*of = 0;
	if (next_value(c, &at, "trimmed_of=", line) && number_parse(line, 1, UINT64_MAX, of) < 0)
		*of = 0;
	at = 0;
	if (next_value(c, &at, "trimmed=", line))
		for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
			if (strcmp(line, words[i]) == 0)
				return words[i];
	return NULL;
}

int
core_kept_next(const struct core *c, size_t *at, struct core_kept *k)
{
	char line[LINE], *ranges, *bytes;
	size_t n;

	while (next_value(c, at, "kept=", line)) {
		n = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789_-");
		if (n == 0 || n >= sizeof(k->rule) || line[n] != ' ' ||
		    (bytes = strchr(ranges = line + n + 1, ' ')) == NULL)
			continue;
		line[n] = *bytes++ = '\0';
		if (number_parse(ranges, 0, UINT64_MAX, &k->ranges) < 0 ||
		    number_parse(bytes, 0, UINT64_MAX, &k->bytes) < 0)
			continue;
		strcpy(k->rule, line);
		return 1;
	}
	return 0;
}

int
core_kept_put(const struct core *c, int json, int (*put)(void *arg, const char *text, size_t len),
    void *arg)
{
	struct core_kept k;
	struct writer w;
	size_t at = 0;
	int some = 0;

	writer_start(&w, json ? WRITER_MEMBERS : WRITER_LINES, put, arg);
	for (; core_kept_next(c, &at, &k); some = 1) {
		if (!json) {
			writer_print(&w, "kept=%s %" PRIu64 " %" PRIu64 "\n", k.rule, k.ranges,
			    k.bytes);
			continue;
		}
		if (!some)
			writer_open(&w, "kept", '[');
		writer_open(&w, NULL, '{');
		writer_text(&w, "rule", k.rule);
		writer_number(&w, "ranges", k.ranges);
		writer_number(&w, "bytes", k.bytes);
		writer_close(&w, '}');
	}
	if (some)
		writer_close(&w, ']');
	return writer_flush(&w);
}
