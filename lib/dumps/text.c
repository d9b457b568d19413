#include "dumps/text.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "record/keys.h"
#include "record/lines.h"
#include "record/record.h"
#include "record/writer.h"

/* The keys of a record that are listed, and where a dump has their values. */
static const struct {
	const char *key;
	size_t at;
} values[] = {
#define VALUE(key) { #key, offsetof(struct dump, key) }
	VALUE(time), VALUE(host), VALUE(comm), VALUE(exe), VALUE(signame), VALUE(uuid),
	VALUE(build_id), VALUE(reason), VALUE(fingerprint), VALUE(where),
	{ "small", offsetof(struct dump, small_kept) }, VALUE(small_bytes), VALUE(object),
	VALUE(object_whole), VALUE(sent), VALUE(small_object),
	VALUE(small_sent), VALUE(on_request),
};
#define VALUES (sizeof(values) / sizeof(*values))

/* These stand before all other keys of the record. */
static const char *const first[] = { "object", "small_object", NULL };

/* A value of a record is text with escapes; in a line it is cut. */
static void
put_value(struct writer *w, const char *name, const char *value)
{
	const struct key *key = keys_find(name, strlen(name));
	size_t n = w->json ? strlen(value) : strnlen(value, RECORD_VALUE);
	uint64_t number;
	char *bytes;

	if (n == 0)
		return;
	if (key->type == KEY_NUMBER) {
		if (number_parse(value, 0, UINT64_MAX, &number) == 0)
			writer_number(w, name, number);
		return;
	}
	if ((bytes = strndup(value, n)) == NULL) {
		writer_fail(w, ENOMEM);
		return;
	}
	writer_bytes(w, name, bytes, record_unescape(bytes));
	free(bytes);
}

static void
put_file(struct writer *w, const char *key, const char *name, const char *size_key, uint64_t size)
{
	if (name == NULL)
		return;
	writer_bytes(w, key, name, strnlen(name, DUMPS_NAME));
	writer_number(w, size_key, size);
}

int
dump_text(const struct dump *d, enum dump_form form,
    int (*put)(void *arg, const char *text, size_t len), void *arg)
{
	struct writer w;

	writer_start(&w, form == DUMP_LINES ? WRITER_LINES : WRITER_JSON, put, arg);
	writer_open(&w, NULL, '{');
	writer_bytes(&w, "name", d->name, strnlen(d->name, DUMPS_NAME));
	writer_text(&w, "state", dump_words(d->state));
	put_file(&w, "file", d->file, "size", d->size);
	put_file(&w, "small_file", d->small, "small_size", d->small_size);
	if (form == DUMP_ALL) {
		put_value(&w, "object", d->object);
		put_value(&w, "small_object", d->small_object);
		if (writer_flush(&w) < 0 ||
		    record_lines_json(d->record, d->record_len, first, put, arg) < 0)
			return -1;
	}
	for (size_t i = 0; form != DUMP_ALL && i < VALUES; i++) {
		const char *at = (const char *)d + values[i].at;

		put_value(&w, values[i].key, *(const char *const *)at);
	}
	writer_close(&w, '}');
	if (!w.json)
		writer_print(&w, "\n");
	return writer_flush(&w);
}
