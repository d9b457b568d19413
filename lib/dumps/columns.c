#include "dumps/columns.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

/* The most characters of a column; each is followed by two blanks. */
#define COLUMN 128
/* The most characters of a reason. */
#define REASON 1024

/* How a dump's value becomes text: of up to COLUMN characters, terminated; "": none. */
typedef const char *value_of(const struct dump *d, size_t at, char text[COLUMN + 1]);

static const char *
of_record(const struct dump *d, size_t at, char text[COLUMN + 1])
{
	(void)text;
	return *(const char *const *)((const char *)d + at);
}

static const char *
of_state(const struct dump *d, size_t at, char text[COLUMN + 1])
{
	(void)at;
	(void)text;
	return dump_words(d->state);
}

static const char *
of_size(const struct dump *d, size_t at, char text[COLUMN + 1])
{
	(void)at;
	return d->file != NULL ? number_short(d->size, text) : d->small != NULL ?
	    number_short(d->small_size, text) : "";
}

/* The start of a UUID or a build-id tells enough; core-list -j has it whole. */
static const char *
of_identity(const struct dump *d, size_t at, char text[COLUMN + 1])
{
	(void)at;
	(void)text;
	return *d->uuid != '\0' ? d->uuid : d->build_id;
}

/* All but the name, which stands last, as long as it is. */
static const struct column {
	const char *title;
	int width, right;	/* characters at least, and whether the text stands on the right */
	int most;		/* characters that are shown; 0: COLUMN */
	value_of *value;
	size_t at;		/* of_record: where a dump has it */
} columns[] = {
#define RECORD(key) of_record, offsetof(struct dump, key)
	{ "TIME", 20, 0, 0, RECORD(time) },
	{ "COMMAND", 15, 0, 0, RECORD(comm) },
	{ "SIGNAL", 8, 0, 0, RECORD(signame) },
	{ "SIZE", 5, 1, 0, of_size, 0 },
	{ "STATE", 7, 0, 0, of_state, 0 },
	{ "STACK", 16, 0, 0, RECORD(fingerprint) },
	{ "IDENTITY", 8, 0, 8, of_identity, 0 },
};
#define COLUMNS (sizeof(columns) / sizeof(*columns))

/* A record of a user may hold anything; what is no printable character is not for a terminal. */
static void
put_column(struct writer *w, const struct column *c, const char *value)
{
	char text[COLUMN + 1];

	snprintf(text, sizeof(text), "%.*s", c->most > 0 ? c->most : COLUMN,
	    *value != '\0' ? value : "-");
	for (char *p = text; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	writer_print(w, "%*s  ", c->right ? c->width : -c->width, text);
}

void
columns_head(struct writer *w)
{
	for (size_t i = 0; i < COLUMNS; i++)
		put_column(w, &columns[i], columns[i].title);
	writer_print(w, "NAME\n");
}

void
columns_dump(struct writer *w, const struct dump *d, int reason)
{
	char text[COLUMN + 1];

	for (size_t i = 0; i < COLUMNS; i++)
		put_column(w, &columns[i], columns[i].value(d, columns[i].at, text));
	writer_escape(w, d->name, strnlen(d->name, DUMPS_NAME));
	writer_print(w, "\n");
	if (reason && *d->reason != '\0') {
		/* It has the escape already, if our own programs made the record. */
		writer_print(w, "    ");
		for (const char *p = d->reason; *p != '\0' && p - d->reason < REASON; p++)
			writer_print(w, "%c", *p >= ' ' && *p <= '~' ? *p : '?');
		writer_print(w, "\n");
	}
}
