#include "crash/end.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "record/record.h"
#include "record/text.h"

/* The longest line that is read as one, bytes; core-info's longest have 20 kB. */
#define LINE_MOST (64 * 1024)

int
said_open(struct said *s)
{
	memset(s, 0, sizeof(*s));
	s->status = -1;
	s->facts = open_memstream(&s->facts_text, &s->facts_size);
	s->modules = open_memstream(&s->modules_text, &s->modules_size);
	s->errors = open_memstream(&s->errors_text, &s->errors_size);
	if (s->facts != NULL && s->modules != NULL && s->errors != NULL)
		return 0;
	said_free(s);
	return -1;
}

/* Keeps an error, escaped already; returns it when it is to be logged. */
static const char *
take_error(struct said *s, const struct end_options *o, const char *text)
{
	if (s->recorded < o->errors) {
		s->recorded++;
		text_print(s->errors, "error=%s\n", text);
	}
	if (s->logged < END_LOGGED) {
		s->logged++;
		return text;
	}
	s->left_out++;
	return NULL;
}

/* Takes a fact of the core. */
static void
take_fact(struct said *s, const struct end_options *o, const struct text_line *l)
{
	/* When the small core alone is stored, these would be wrong for the whole one. */
	static const char *const of_whole[] = { "bytes", "promised", "segments", "segments_there",
		"missing", "complete", NULL };
	static const char *const lists[] = { "module", "module_uuid", "module_package", NULL };

	if (text_is_among(l, lists)) {
		if (s->listed++ < END_MODULES)
			text_put(s->modules, l);
	} else if (text_is(l, "thread") || (o->small_why != NULL && text_is_among(l, of_whole)) ||
	    ftell(s->facts) > (long)END_FACTS) {
		return;
	} else if (text_is(l, "trimmed_of")) {
		text_print(s->facts, "promised=%.*s\n", (int)l->value_len, l->value);
	} else {
		text_put(s->facts, l);
	}
}

static const char *
take_line(struct said *s, const struct end_options *o, const char *line)
{
	const char *next = line;
	struct text_line l;
	uint64_t n;

	if (!text_next(&l, &next))
		return NULL;
	if (!text_is_plain(&l)) {
		record_escape(s->log, line, l.len < END_LINE ? l.len : END_LINE);
		return take_error(s, o, s->log);
	}
	if (text_is(&l, "error")) {
		snprintf(s->log, sizeof(s->log), "%.*s", (int)l.value_len, l.value);
		return take_error(s, o, s->log);
	}
	if (text_is(&l, "errors_left_out"))
		s->left_out += number_parse(l.value, 0, UINT32_MAX, &n) == 0 ? (unsigned long)n : 0;
	else if (text_is(&l, "status"))
		s->status = number_parse(l.value, 0, 1, &n) == 0 ? (int)n : 2;
	else
		take_fact(s, o, &l);
	return NULL;
}

/* Reads a line without its newline, the start of a longer one; whether there was one. */
static int
read_line(FILE *in, char *text)
{
	size_t n = 0;
	int c;

	while ((c = getc(in)) != EOF && c != '\n')
		if (n + 1 < LINE_MOST)
			text[n++] = c != '\0' ? (char)c : '?';
	text[n] = '\0';
	return c != EOF || n > 0;
}

/* Takes a line, and writes what is to be logged of it at once: it may be long until the end. */
static void
hear(struct said *s, const struct end_options *o, const char *line, FILE *to)
{
	const char *log = take_line(s, o, line);

	if (log != NULL) {
		text_print(to, "log=%s\n", log);
		fflush(to);
	}
}

void
said_listen(struct said *s, const struct end_options *o, char **lines, FILE *in, FILE *to)
{
	static char text[LINE_MOST];

	for (; *lines != NULL; lines++)
		hear(s, o, *lines, to);
	while (s->status < 0 && read_line(in, text))
		hear(s, o, text, to);
	if (s->left_out > 0)
		text_print(to, "log=... and %lu lines more\n", s->left_out);
}

static void
free_stream(FILE *f, char **text)
{
	if (f != NULL)
		fclose(f);
	free(*text);
}

void
said_free(struct said *s)
{
	free_stream(s->facts, &s->facts_text);
	free_stream(s->modules, &s->modules_text);
	free_stream(s->errors, &s->errors_text);
}
