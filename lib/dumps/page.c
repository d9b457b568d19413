#define _DEFAULT_SOURCE
#include "dumps/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/io.h"
#include "base/number.h"
#include "base/terminal.h"
#include "dumps/values.h"
#include "record/frame.h"
#include "record/record.h"
#include "record/writer.h"

/* The most frames that are shown, and the columns of a line's title. */
#define FRAMES 8
#define TITLE 8
/* The longest line, and one that is cut to the width. */
#define LINE 1024

#define BOLD "\033[1m"
#define RED "\033[1;31m"
#define PLAIN "\033[0m"

struct page {
	const struct dumps *dumps;	/* that it is one of */
	const struct dump *dump;
	/* what stands before its name for core-open: a directory and '/', or "" */
	char before[PATH_MAX];
	size_t width;			/* columns */
	int colours;
};

/* The value of a key; "" when the record has none. */
static const char *
value(const struct dump *d, const char *key)
{
	const char *found = dump_next_value(d, key, NULL);

	return found != NULL ? found : "";
}

/* A line of the page: its title, which stands on the first of several, and a text. */
static void
put_line(struct writer *w, const struct page *p, const char *title, const char *text)
{
	size_t width = p->width > TITLE + 8 ? p->width - TITLE - 1 : 8, len = strlen(text);
	char cut[LINE + 1];

	if (len == 0)
		return;
	terminal_fit(cut, text, len, width < LINE ? width : LINE);
	writer_print(w, "%s%-*s%s ", p->colours ? BOLD : "", TITLE, title, p->colours ? PLAIN : "");
	for (size_t at = 0; cut[at] != '\0'; at += strnlen(cut + at, WRITER_PRINT))
		writer_print(w, "%.*s", WRITER_PRINT, cut + at);
	writer_print(w, "\n");
}

/* Appends to a line: what is there, with words before and behind it. */
static void
add(char line[LINE], const char *before, const char *text, const char *behind)
{
	size_t n = strlen(line);

	if (*text != '\0')
		snprintf(line + n, LINE - n, "%s%.500s%s", n > 0 || before[0] != ',' ? before : "",
		    text, behind);
}

/* How long ago that was, in words; "" when the time is none, or in the future. */
static void
ago(const char *when, char out[64])
{
	static const struct {
		long seconds;
		const char *word;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
	struct tm tm = { .tm_isdst = 0 };
	long age;

	out[0] = '\0';
	if (sscanf(when, "%4d-%2d-%2dT%2d:%2d:%2dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		&tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	age = (long)difftime(time(NULL), timegm(&tm));
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (age >= units[i].seconds) {
			snprintf(out, 64, "%ld %s%s ago", age / units[i].seconds, units[i].word,
			    age / units[i].seconds == 1 ? "" : "s");
			return;
		}
}

/* What happened: the first line. */
static void
put_head(struct writer *w, const struct page *p)
{
	const struct dump *d = p->dump;
	const char *reason = value(d, "reason");
	char line[LINE] = "", cut[LINE + 1];

	add(line, "", *d->comm != '\0' ? d->comm : "A process", " died");
	add(line, " of ", d->signame, "");
	add(line, ": ", reason, "");
	terminal_fit(cut, line, strlen(line), p->width < LINE ? p->width : LINE);
	writer_print(w, "%s", p->colours ? RED : "");
	for (size_t at = 0; cut[at] != '\0'; at += strnlen(cut + at, WRITER_PRINT))
		writer_print(w, "%.*s", WRITER_PRINT, cut + at);
	writer_print(w, "%s\n\n", p->colours ? PLAIN : "");
}

static void
put_when(struct writer *w, const struct page *p)
{
	const struct dump *d = p->dump;
	char line[LINE] = "", past[64];

	ago(d->time, past);
	add(line, "", d->time, "");
	add(line, ", ", past, "");
	add(line, ", on ", d->host, "");
	put_line(w, p, "when", line);
}

static void
put_what(struct writer *w, const struct page *p)
{
	const struct dump *d = p->dump;
	const char *unit = value(d, "unit"), *command = value(d, "cmdline"), *title = "what";
	char line[LINE] = "";

	/* The arguments mostly begin with it. */
	if (strncmp(command, d->exe, strlen(d->exe)) != 0 && *d->exe != '\0') {
		put_line(w, p, title, d->exe);
		title = "";
	}
	put_line(w, p, title, command);
	add(line, "process ", d->pid, "");
	add(line, ", thread ", value(d, "thread_name"), "");
	add(line, ", user ", d->uid, "");
	add(line, ", unit ", *unit != '\0' ? unit : value(d, "user_unit"), "");
	add(line, ", container ", value(d, "container"), "");
	put_line(w, p, *command == '\0' && *d->exe == '\0' ? "what" : "", line);
	line[0] = '\0';
	add(line, "uuid ", d->uuid, "");
	if (*line == '\0')
		add(line, "build-id ", d->build_id, "");
	put_line(w, p, "", line);
}

/* A text of up to three lines, which end at blanks; returns the title of the line behind them. */
static const char *
put_words(struct writer *w, const struct page *p, const char *title, const char *text)
{
	size_t width = p->width > TITLE + 8 ? p->width - TITLE - 1 : 8;
	char line[LINE];

	for (int lines = 1; *text != '\0'; lines++) {
		size_t n = strlen(text), end = width < LINE ? width : LINE - 1;

		if (n > end && lines < 3) {
			while (end > 0 && text[end] != ' ')
				end--;
			n = end > 0 ? end : width < LINE ? width : LINE - 1;
		}
		snprintf(line, sizeof(line), "%.*s", n < LINE ? (int)n : LINE - 1, text);
		put_line(w, p, title, line);
		title = "";
		text += n;
		text += strspn(text, " ");
	}
	return title;
}

static void
put_why(struct writer *w, const struct page *p)
{
	const struct dump *d = p->dump;
	const char *reason = value(d, "reason"), *title = "why";
	char line[LINE] = "";

	/* What the first line has no room for. */
	if (strlen(d->comm) + strlen(d->signame) + strlen(reason) + 16 > p->width)
		title = put_words(w, p, title, reason);
	add(line, "", value(d, "signame"), "");
	add(line, " (", value(d, "sigcode"), ")");
	add(line, " at ", value(d, "sigaddr"), "");
	add(line, " by process ", value(d, "sigpid"), "");
	add(line, " of user ", value(d, "siguid"), "");
	add(line, ": system call ", value(d, "syscall"), "");
	put_line(w, p, title, line);
	put_line(w, p, "", value(d, "abort_message"));
}

/*
 * Which frame is shown first: the first that counts, with what is inlined there, since before it
 * there may be more frames of libraries than are shown.
 */
static size_t
first_frame(const struct dump *d)
{
	char where[FRAME_WHERE];
	const char *text = NULL;
	size_t at = 0, inlined = 0;
	struct frame f;

	while (*d->where != '\0' && (text = dump_next_value(d, "frame", text)) != NULL) {
		if (frame_read(&f, text, strlen(text)) < 0)
			continue;
		frame_where(&f, where);
		if (!f.inlined && strcmp(where, d->where) == 0)
			return at - inlined;
		inlined = f.inlined ? inlined + 1 : 0;
		at++;
	}
	return 0;
}

static void
put_where(struct writer *w, const struct page *p)
{
	const struct dump *d = p->dump;
	const char *text = NULL, *title = "stack";
	char where[FRAME_WHERE], line[LINE];
	size_t skip = first_frame(d), shown = 0, more = 0;
	struct frame f;

	put_line(w, p, "where", d->where);
	while ((text = dump_next_value(d, "frame", text)) != NULL) {
		if (frame_read(&f, text, strlen(text)) < 0)
			continue;
		if (skip > 0) {
			skip--;
			continue;
		}
		if (shown == FRAMES) {
			more++;
			continue;
		}
		frame_where(&f, where);
		snprintf(line, sizeof(line), "#%-2.*s %s%s", (int)f.number.len, f.number.text,
		    where[0] != '\0' ? where : "?", f.inlined ? " [inlined]" : "");
		put_line(w, p, title, line);
		title = "";
		shown++;
	}
	if (more > 0) {
		snprintf(line, sizeof(line), "... and %zu more", more);
		put_line(w, p, "", line);
	}
	line[0] = '\0';
	add(line, "ends here: ", value(d, "stack_end"), "");
	put_line(w, p, title, line);
}

static void
put_state(struct writer *w, const struct page *p)
{
	static const char *const words[] = { [DUMP_WHOLE] = "the whole core is stored",
		[DUMP_CUT] = "the core was cut short",
		[DUMP_PARTIAL] = "a part of the file is stored",
		[DUMP_NONE] = "nothing but the record is stored", [DUMP_OPEN] = "is being stored",
		[DUMP_GONE] = "its file is gone", [DUMP_LOST] = "was never finished",
		[DUMP_SMALL] = "the small core alone is stored" };
	const struct dump *d = p->dump;
	char line[LINE] = "", size[24];
	size_t same = 0;

	add(line, "", words[d->state], "");
	if (d->file != NULL)
		add(line, ", ", number_short(d->size, size), "");
	if (d->small != NULL)
		add(line, ", small core ", number_short(d->small_size, size), "");
	add(line, ", sent ", d->sent, "");
	put_line(w, p, "state", line);
	for (size_t i = 0; p->dumps != NULL && *d->fingerprint != '\0' && i < p->dumps->count; i++)
		same += strcmp(p->dumps->dump[i].fingerprint, d->fingerprint) == 0 &&
		    strcmp(p->dumps->dump[i].fingerprint_version, d->fingerprint_version) == 0;
	line[0] = '\0';
	add(line, "", d->fingerprint, "");
	if (same > 1) {
		snprintf(size, sizeof(size), "%zu", same);
		add(line, ": ", size, " stored dumps have this stack");
	}
	put_line(w, p, "bug", line);
}

/* How to go on: the name as a shell takes it. */
static void
put_open(struct writer *w, const struct page *p)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "%+,-./:=@_";
	static const struct {
		const char *title, *program, *end;
	} ways[] = { { "gdb", "core-open ", "" }, { "stacks", "core-trace ", "" },
		{ "facts", "core-info ", " | cat" } };
	char name[RECORD_ESCAPED(DUMPS_NAME)], line[LINE];
	const char *quote, *before = p->before;

	record_escape(name, p->dump->name, strnlen(p->dump->name, DUMPS_NAME));
	if (strchr(name, '\'') != NULL || strchr(p->before, '\'') != NULL ||
	    strlen(name) + strlen(p->before) > LINE - 32)
		return;
	quote = name[strspn(name, plain)] == '\0' && before[strspn(before, plain)] == '\0' ?
	    "" : "'";
	writer_print(w, "\n");
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		/* Precisions, since the compiler does not know that all of it fits. */
		snprintf(line, sizeof(line), "%s%s%.*s%.*s%s%s", ways[i].program, quote,
		    (int)strlen(before), before, (int)strlen(name), name, quote, ways[i].end);
		put_line(w, p, ways[i].title, line);
	}
}

int
page_put(const struct operand *n, const char *operand, int fd)
{
	const char *slash = strrchr(operand, '/');
	struct page p = { .dumps = &n->dumps, .dump = n->dump, .width = terminal_width(fd),
		.colours = terminal_colours(fd) };
	struct writer w;

	/* What precedes the slash is a directory, unless it is a user's number, a part of the name. */
	if (slash != NULL && strspn(operand, "0123456789") != (size_t)(slash - operand))
		snprintf(p.before, sizeof(p.before), "%.*s/", (int)(slash - operand), operand);
	writer_start(&w, WRITER_LINES, io_put, &fd);
	put_head(&w, &p);
	put_when(&w, &p);
	put_what(&w, &p);
	put_why(&w, &p);
	put_where(&w, &p);
	put_state(&w, &p);
	if (dump_choice(p.dump) != NULL)
		put_open(&w, &p);
	return writer_flush(&w);
}
