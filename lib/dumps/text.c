#include "dumps/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "record/lines.h"
#include "record/record.h"

struct writer {
	int (*put)(void *arg, const char *text, size_t len);
	void *arg;
	int json, failed;
	const char *between;	/* what stands before the next member of an object */
};

/* What is listed of a record, and where a dump has it. */
static const struct {
	const char *key;
	size_t at;
	int number;
} values[] = {
#define VALUE(key) { #key, offsetof(struct dump, key), 0 }
	VALUE(time), VALUE(host), VALUE(comm), VALUE(exe), VALUE(signame), VALUE(uuid), VALUE(build_id),
	VALUE(fingerprint), { "small", offsetof(struct dump, small_kept), 0 },
	{ "small_bytes", offsetof(struct dump, small_bytes), 1 }, VALUE(object), VALUE(object_whole), VALUE(sent),
	VALUE(small_object), VALUE(small_sent), VALUE(on_request),
};
#define VALUES (sizeof(values) / sizeof(*values))

/* What stands in an object first, whatever the record says; and what is of no interest elsewhere. */
static const char *const own_members[] = { "name", "state", "file", "size", "small_file", "small_size", "object",
	"small_object", "pending", "sent", "verified", "small_sent", "small_verified", "on_request", NULL };

static void
put(struct writer *w, const char *text)
{
	if (!w->failed && w->put(w->arg, text, strlen(text)) < 0)
		w->failed = 1;
}

static void
put_key(struct writer *w, const char *key)
{
	if (w->json) {
		put(w, w->between);
		put(w, "\"");
	}
	put(w, key);
	put(w, w->json ? "\": " : "=");
	w->between = ", ";
}

/* A key with n bytes of any kind. */
static void
put_bytes(struct writer *w, const char *key, const char *bytes, size_t n)
{
	char *text = malloc(RECORD_JSON(n));

	if (text == NULL) {
		w->failed = 1;
		return;
	}
	if (w->json)
		record_json(text, bytes, n);
	else
		record_escape(text, bytes, n);
	put_key(w, key);
	put(w, w->json ? "\"" : "");
	put(w, text);
	put(w, w->json ? "\"" : "\n");
	free(text);
}

static void
put_number(struct writer *w, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	put_key(w, key);
	put(w, text);
	put(w, w->json ? "" : "\n");
}

/* A value of a record, which is text with escapes; in a line it is cut. */
static void
put_value(struct writer *w, const char *key, const char *value, int number)
{
	size_t n = w->json ? strlen(value) : strnlen(value, RECORD_VALUE);
	uint64_t is;
	char *bytes;

	if (n == 0)
		return;
	if (number) {
		if (number_parse(value, 0, UINT64_MAX, &is) == 0)
			put_number(w, key, is);
		return;
	}
	if ((bytes = strndup(value, n)) == NULL) {
		w->failed = 1;
		return;
	}
	put_bytes(w, key, bytes, record_unescape(bytes));
	free(bytes);
}

static void
put_file(struct writer *w, const char *key, const char *name, const char *size_key, uint64_t size)
{
	if (name == NULL)
		return;
	put_bytes(w, key, name, strnlen(name, DUMPS_NAME));
	put_number(w, size_key, size);
}

int
dump_text(const struct dump *d, enum dump_form form, int (*to)(void *arg, const char *text, size_t len), void *arg)
{
	struct writer w = { .put = to, .arg = arg, .json = form != DUMP_LINES, .between = "" };

	put(&w, w.json ? "{" : "");
	put_bytes(&w, "name", d->name, strnlen(d->name, DUMPS_NAME));
	put_bytes(&w, "state", dump_words(d->state), strlen(dump_words(d->state)));
	put_file(&w, "file", d->file, "size", d->size);
	put_file(&w, "small_file", d->small, "small_size", d->small_size);
	if (form == DUMP_ALL) {
		put_value(&w, "object", d->object, 0);
		put_value(&w, "small_object", d->small_object, 0);
		if (!w.failed && record_lines_json(d->record, d->record_len, own_members, to, arg) < 0)
			w.failed = 1;
	}
	for (size_t i = 0; form != DUMP_ALL && i < VALUES; i++)
		put_value(&w, values[i].key, *(const char *const *)((const char *)d + values[i].at), values[i].number);
	put(&w, w.json ? "}" : "\n");
	return w.failed ? -1 : 0;
}
