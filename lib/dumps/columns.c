#include "dumps/columns.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/terminal.h"
#include "record/record.h"

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

/* The time without what a line on a terminal has no room for: "2026-11-25 10:20", "11-25 10:20". */
static const char *
of_time(const struct dump *d, size_t at, char text[COLUMN + 1])
{
	(void)at;
	if (strlen(d->time) < 16)
		return d->time;
	snprintf(text, COLUMN + 1, "%.10s %.5s", d->time, d->time + 11);
	return text;
}

/* All but the name, which stands last. */
static const struct column {
	const char *title;
	int width, right;	/* characters at least, and whether the text stands on the right */
	int most;		/* characters that are shown; 0: COLUMN */
	value_of *value;
	size_t at;		/* of_record: where a dump has it */
	/* on a terminal: the most, the least if it can be cut, and how the value becomes text */
	size_t wide, narrow;
	value_of *there;
} columns[COLUMNS_MOST] = {
#define RECORD(key) of_record, offsetof(struct dump, key)
	{ "TIME", 20, 0, 0, RECORD(time), 16, 0, of_time },
	{ "COMMAND", 15, 0, 0, RECORD(comm), 15, 7, of_record },
	{ "SIGNAL", 8, 0, 0, RECORD(signame), 9, 0, of_record },
	{ "SIZE", 5, 1, 0, of_size, 0, 5, 0, of_size },
	{ "STATE", 7, 0, 0, of_state, 0, 7, 0, of_state },
	{ "WHERE", 0, 0, 0, RECORD(where), 60, 16, of_record },
	{ "STACK", 16, 0, 0, RECORD(fingerprint), 16, 0, of_record },
	{ "IDENTITY", 8, 0, 8, of_identity, 0, 8, 0, of_identity },
};
enum { TIME, COMMAND, SIGNAL, SIZE, STATE, WHERE, STACK, IDENTITY };
#define GAP 2

void
columns_plain(struct columns *c)
{
	for (size_t i = 0; i < COLUMNS_MOST; i++)
		c->width[i] = (size_t)columns[i].width;
	c->name = 0;
}

/* How long the name is with its escapes. */
static size_t
name_of(const struct dump *d, char text[RECORD_ESCAPED(DUMPS_NAME)])
{
	return record_escape(text, d->name, strnlen(d->name, DUMPS_NAME));
}

void
columns_measure(struct columns *c, const struct dump *d)
{
	char text[COLUMN + 1], name[RECORD_ESCAPED(DUMPS_NAME)];
	size_t n;

	for (size_t i = 0; i < COLUMNS_MOST; i++) {
		n = strlen(columns[i].there(d, columns[i].at, text));
		n = n < strlen(columns[i].title) ? strlen(columns[i].title) : n;
		n = n < columns[i].wide ? n : columns[i].wide;
		c->width[i] = c->width[i] > n ? c->width[i] : n;
	}
	n = name_of(d, name);
	c->name = c->name > n ? c->name : n;
}

static size_t
total(const struct columns *c)
{
	size_t n = c->name;

	for (size_t i = 0; i < COLUMNS_MOST; i++)
		n += c->width[i] > 0 ? c->width[i] + GAP : 0;
	return n;
}

/* Makes a column narrower by what is too much, but not narrower than least. */
static void
shrink(size_t *column, size_t least, size_t now, size_t width)
{
	if (now > width && *column > least)
		*column = *column - least > now - width ? *column - (now - width) : least;
}

void
columns_fit(struct columns *c, size_t width)
{
	static const size_t leave[] = { IDENTITY, STACK, SIZE }, then[] = { STATE, WHERE, SIGNAL };

	for (size_t i = 0; i < sizeof(leave) / sizeof(*leave) && total(c) > width; i++)
		c->width[leave[i]] = 0;
	shrink(&c->width[WHERE], columns[WHERE].narrow, total(c), width);
	shrink(&c->width[COMMAND], columns[COMMAND].narrow, total(c), width);
	/* Without the year. */
	if (total(c) > width && c->width[TIME] > 11)
		c->width[TIME] = 11;
	for (size_t i = 0; i < sizeof(then) / sizeof(*then) && total(c) > width; i++)
		c->width[then[i]] = 0;
	shrink(&c->name, 8, total(c), width);
}

/* A record of a user may hold anything; what is no printable character is not for a terminal. */
static void
put_column(struct writer *w, const struct column *c, const struct columns *t, const char *value)
{
	size_t width = t->width[c - columns], n;
	char text[COLUMN + 1];

	if (width == 0)
		return;
	if (*value == '\0')
		value = "-";
	n = strlen(value);
	if (t->name == 0)
		n = terminal_fit(text, value, c->most > 0 && n > (size_t)c->most ?
		    (size_t)c->most : n < COLUMN ? n : COLUMN, COLUMN);
	else if (c == &columns[TIME] && n == 16 && width < n)
		n = terminal_fit(text, value + 5, n - 5, width);
	else
		n = terminal_fit(text, value, c->most > 0 && n > (size_t)c->most ?
		    (size_t)c->most : n, width < COLUMN ? width : COLUMN);
	writer_print(w, "%*s  ", c->right ? (int)width : -(int)width, text);
}

void
columns_head(struct writer *w, const struct columns *t)
{
	for (size_t i = 0; i < COLUMNS_MOST; i++)
		put_column(w, &columns[i], t, columns[i].title);
	writer_print(w, "NAME\n");
}

void
columns_dump(struct writer *w, const struct columns *t, const struct dump *d, int reason)
{
	char text[COLUMN + 1], name[RECORD_ESCAPED(DUMPS_NAME)], cut[RECORD_ESCAPED(DUMPS_NAME)];
	size_t n;

	for (size_t i = 0; i < COLUMNS_MOST; i++) {
		const struct column *c = &columns[i];

		put_column(w, c, t, (t->name > 0 ? c->there : c->value)(d, c->at, text));
	}
	n = name_of(d, name);
	if (t->name == 0 || n <= t->name) {
		writer_escape(w, d->name, strnlen(d->name, DUMPS_NAME));
	} else {
		terminal_fit(cut, name, n, t->name);
		writer_print(w, "%s", cut);
	}
	writer_print(w, "\n");
	if (reason && *d->reason != '\0') {
		/* It has the escape already, if our own programs made the record. */
		writer_print(w, "    ");
		for (const char *p = d->reason; *p != '\0' && p - d->reason < REASON; p++)
			writer_print(w, "%c", *p >= ' ' && *p <= '~' ? *p : '?');
		writer_print(w, "\n");
	}
}
