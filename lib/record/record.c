#include "record/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/writer.h"

void
record_free(struct record *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->field[i].value);
	memset(r, 0, sizeof(*r));
}

static void
add(struct record *r, const char *key, const void *value, size_t len, int bare)
{
	struct record_field *f;

	if (len > RECORD_VALUE)
		len = RECORD_VALUE;
	if (r->count == RECORD_KEYS) {
		r->failed = 1;
		return;
	}
	f = &r->field[r->count];
	if ((f->value = malloc(len + 1)) == NULL) {
		r->failed = 1;
		return;
	}
	memcpy(f->value, value, len);
	f->value[len] = '\0';
	f->len = len;
	f->key = key;
	f->bare = bare;
	r->count++;
}

void
record_bytes(struct record *r, const char *key, const void *value, size_t len)
{
	add(r, key, value, len, 0);
}

void
record_text(struct record *r, const char *key, const char *value)
{
	add(r, key, value, strlen(value), 0);
}

void
record_number(struct record *r, const char *key, uint64_t value)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRIu64, value);

	add(r, key, text, (size_t)n, 1);
}

void
record_flag(struct record *r, const char *key, int value)
{
	add(r, key, value ? "yes" : "no", value ? 3 : 2, 1);
}

const struct record_field *
record_find(const struct record *r, const char *key)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->field[i].key, key) == 0)
			return &r->field[i];
	return NULL;
}

void
writer_record(struct writer *w, const struct record *r)
{
	if (r->failed)
		writer_fail(w, ENOMEM);
	for (size_t i = 0; i < r->count; i++) {
		const struct record_field *f = &r->field[i];

		if (!w->json || !f->bare)
			writer_bytes(w, f->key, f->value, f->len);
		else if (strcmp(f->value, "yes") == 0 || strcmp(f->value, "no") == 0)
			writer_flag(w, f->key, f->value[0] == 'y');
		else
			writer_number(w, f->key, strtoull(f->value, NULL, 10));
	}
}

/* Text that is counted first, and then kept. */
struct text {
	char *text;
	size_t len;
};

static int
take(void *arg, const char *text, size_t len)
{
	struct text *t = arg;

	if (t->text != NULL)
		memcpy(t->text + t->len, text, len);
	t->len += len;
	return 0;
}

static int
format(const struct record *r, int json, struct text *t)
{
	struct writer w;

	writer_start(&w, json ? WRITER_JSON : WRITER_LINES, take, t);
	writer_open(&w, NULL, '{');
	writer_record(&w, r);
	writer_close(&w, '}');
	writer_print(&w, "%s", json ? "\n" : "");
	return writer_flush(&w);
}

char *
record_format(const struct record *r, int json)
{
	struct text t = { NULL, 0 };

	if (format(r, json, &t) < 0 || (t.text = malloc(t.len + 1)) == NULL)
		return NULL;
	t.text[t.len] = '\0';
	t.len = 0;
	format(r, json, &t);
	return t.text;
}
