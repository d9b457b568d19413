/*
 * Fuzz target: records.  Lines that are read, written and read again are the same; whatever a record has becomes valid
 * JSON; its values, frames and environment are read within their bounds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dumps/text.h"
#include "dumps/values.h"
#include "record/frame.h"
#include "record/frame_fit.h"
#include "record/lines.h"
#include "record/record.h"
#include "record/secrets.h"
#include "record/text.h"
#include "record/writer.h"
#include "target.h"

/* What is made of it is an object, with a member before those that have a comma before them. */
static void
must_be_members(const struct target_text *t)
{
	struct target_text object = { NULL, 0 };

	target_put(&object, "{\"first\": 0", 11);
	target_put(&object, t->len > 0 ? t->text : "", t->len);
	target_put(&object, "}", 1);
	MUST(target_json(object.text, object.len));
	free(object.text);
}

static void
check_lines_json(const char *text, size_t len)
{
	static const char *const without[] = { "exe", NULL };
	struct target_text t = { NULL, 0 };

	MUST(record_lines_json(text, len, without, target_put, &t) == 0);
	must_be_members(&t);
	free(t.text);
}

static void
check_environment(const char *text, size_t len)
{
	for (int json = 0; json < 2; json++) {
		struct target_text t = { NULL, 0 };

		MUST(environment_list(text, len, json, target_put, &t) == 0);
		if (json)
			must_be_members(&t);
		for (size_t i = 0; i < t.len; i++)
			MUST(t.text[i] != '\0');
		free(t.text);
	}
}

/* Any bytes are the same after the escape of a line and its undoing; as JSON they are a string. */
static void
check_escape(const uint8_t *bytes, size_t len)
{
	char *text = malloc(RECORD_ESCAPED(len)), *json = malloc(RECORD_JSON(len) + 2);
	size_t n;

	MUST(text != NULL && json != NULL);
	n = record_escape(text, bytes, len);
	MUST(n < RECORD_ESCAPED(len) && strlen(text) == n);
	for (size_t i = 0; i < n; i++)
		MUST(text[i] >= ' ' && text[i] <= '~');
	MUST(record_unescape(text) == len && (len == 0 || memcmp(text, bytes, len) == 0));
	json[0] = '"';
	n = record_json(json + 1, bytes, len);
	MUST(n < RECORD_JSON(len));
	json[n + 1] = '"';
	MUST(target_json(json, n + 2));
	free(text);
	free(json);
}

/* A frame, if the value is one, as JSON and as text for people. */
static void
check_frame(const char *value, size_t len, struct target_draw *draw)
{
	size_t width = 20 + (size_t)target_draw(draw, FRAME_FIT - 19);
	char where[FRAME_WHERE], line[FRAME_FIT + 1];
	struct target_text t = { NULL, 0 };
	struct writer w;
	struct frame f;

	if (frame_read(&f, value, len) < 0)
		return;
	writer_start(&w, WRITER_JSON, target_put, &t);
	frame_json(&w, &f);
	MUST(writer_flush(&w) == 0 && target_json(t.text, t.len));
	free(t.text);
	frame_where(&f, where);
	MUST(memchr(where, '\0', sizeof(where)) != NULL);
	frame_fit(&f, width, line);
	MUST(strlen(line) <= width);
}

/* The lines of a record are those that it was made of. */
static void
must_be_same(const struct record *r)
{
	char *text = record_format(r, 0), *json = record_format(r, 1);
	const char *p = text;
	struct text_line l;
	size_t i;

	MUST(text != NULL && json != NULL && target_json(json, strlen(json)));
	for (i = 0; text_next(&l, &p); i++) {
		char *value = strndup(l.value, l.value_len);

		MUST(i < r->count && text_is(&l, r->field[i].key) && text_is_plain(&l));
		MUST(record_unescape(value) == r->field[i].len);
		MUST(memcmp(value, r->field[i].value, r->field[i].len) == 0);
		free(value);
	}
	MUST(i == r->count);
	free(text);
	free(json);
}

/* Takes text apart into lines, and makes a record of those that have a key. */
static void
check_lines(const char *text, struct target_draw *draw)
{
	struct record r = { .count = 0 };
	const char *p = text, *at = text;
	char *key[RECORD_KEYS];
	struct text_line l;

	while (text_next(&l, &p)) {
		size_t len;
		char *value;

		MUST(l.start == at && p > at && p == at + l.len + (at[l.len] == '\n'));
		at = p;
		if (l.key_len == 0)
			continue;
		MUST(l.key_len < l.len && l.value + l.value_len == l.start + l.len);
		check_frame(l.value, l.value_len, draw);
		if (r.count == RECORD_KEYS)
			continue;
		key[r.count] = strndup(l.start, l.key_len);
		value = strndup(l.value, l.value_len);
		/* Each looks through the text from its start. */
		if (target_draw(draw, 8) == 0) {
			MUST(text_value(text, key[r.count], &len) != NULL);
			MUST(text_find(text, key[r.count]) <= l.start);
			MUST(text_like(text, &l) == text_find(text, key[r.count]));
		}
		len = record_unescape(value);
		record_bytes(&r, key[r.count], value, len);
		free(value);
	}
	MUST(*at == '\0');
	must_be_same(&r);
	for (size_t i = 0; i < r.count; i++)
		free(key[i]);
	record_free(&r);
}

/* A directory for a record, which is made when it is first needed and goes at the end. */
static char folder[4096];

static void
remove_folder(void)
{
	char file[sizeof(folder) + 8];

	snprintf(file, sizeof(file), "%s/a.txt", folder);
	unlink(file);
	rmdir(folder);
}

static int
open_folder(void)
{
	static int fd = -1;
	const char *below = getenv("TMPDIR");

	if (fd >= 0)
		return fd;
	snprintf(folder, sizeof(folder), "%s/record.XXXXXX", below != NULL ? below : "/tmp");
	MUST(mkdtemp(folder) != NULL && atexit(remove_folder) == 0);
	MUST((fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0);
	return fd;
}

static void
check_stored(const uint8_t *bytes, size_t len)
{
	int dir = open_folder(), fd = openat(dir, "a.txt", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	uint64_t left = DUMPS_OF_OTHERS;
	struct dump d;

	MUST(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	target_close(fd);
	if (dump_values_read(&d, dir, "a.txt", &left) < 0) {
		MUST(len == 0 || len < 5 || memcmp(bytes, "uuid=", 5) != 0);
		return;
	}
	MUST(d.record_len == len && left < DUMPS_OF_OTHERS && dump_words(d.state) != NULL);
	d.name = (char *)(uintptr_t)"a";
	for (enum dump_form form = DUMP_LINES; form <= DUMP_ALL; form++) {
		struct target_text t = { NULL, 0 };

		MUST(dump_text(&d, form, target_put, &t) == 0);
		if (form != DUMP_LINES)
			MUST(target_json(t.text, t.len));
		free(t.text);
	}
	free(d.record);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = target_string(bytes, len);
	struct target_draw draw;

	target_draw_start(&draw, bytes, len);
	check_escape(bytes, len);
	check_lines(text, &draw);
	check_lines_json(text, len);
	check_environment(text, len);
	environment_secret(text);
	check_stored(bytes, len);
	free(text);
	return 0;
}
