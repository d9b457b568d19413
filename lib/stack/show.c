#include "stack/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/line_of.h"
#include "base/number.h"
#include "base/signal_names.h"
#include "base/terminal.h"
#include "elf/id.h"
#include "elf/layout.h"
#include "record/frame_fit.h"
#include "stack/text.h"

/* The words of a text, each of which may be long, in lines of 80 columns or of the terminal's. */
static void
put_words(struct trace_show *s, const char *title, const char *words)
{
	int column = 0, width = s->width > 0 ? (int)s->width : 80;

	while (*words != '\0') {
		int n = (int)strcspn(words, " ");

		if (column == 0 || column + 1 + n > width) {
			writer_print(&s->out, "%s     %s", column > 0 ? "\n" : "", title);
			column = 5 + (int)strlen(title);
			title = "";
		}
		writer_print(&s->out, " %.*s", n, words);
		column += 1 + n;
		words += n + (words[n] == ' ');
	}
	if (column > 0)
		writer_print(&s->out, "\n");
}

/* The line before a thread's frames. */
static void
put_head(struct trace_show *s, const struct trace_thread *t)
{
	const char *reason = s->why.reason.text;
	char escaped[RECORD_ESCAPED(REASON_TEXT)];

	writer_print(&s->out, "%sthread %" PRIu32 "%s%s", s->threads > 1 ? "\n" : "", t->tid,
	    t->crashed ? ": " : "",
	    !t->crashed ? "" : s->signal != NULL ? s->signal : "crashed");
	record_escape(escaped, reason, strlen(reason));
	if (t->crashed && *reason != '\0' && s->width == 0) {
		writer_print(&s->out, ": ");
		writer_escape(&s->out, reason, strlen(reason));
	}
	writer_print(&s->out, "\n");
	if (t->crashed && s->width > 0)
		put_words(s, "why:", escaped);
	if (!t->crashed || !s->more)
		return;
	put_words(s, "registers:", s->why.registers);
	put_words(s, "code:", s->why.code);
}

static void
start(void *arg, const struct trace_thread *t)
{
	struct trace_show *s = arg;

	s->threads++;
	if (s->form == TRACE_JSON)
		trace_json_thread(&s->out, t);
	/* What is known of the first thread, with its frames, stands before them. */
	else if (s->form == TRACE_STACKS && s->threads > 1)
		put_head(s, t);
}

/* For a writer: keeps the line. */
static int
keep_line(void *arg, const char *text, size_t len)
{
	struct trace_show *s = arg;

	if (len > sizeof(s->line) - s->line_len)
		len = sizeof(s->line) - s->line_len;
	memcpy(s->line + s->line_len, text, len);
	s->line_len += len;
	return 0;
}

/* Reads the line of a frame as others do; 0 when it is too long. */
static int
read_frame(struct trace_show *s, const struct trace_frame *from, size_t number, struct frame *f)
{
	struct writer w;

	writer_start(&w, WRITER_LINES, keep_line, s);
	s->line_len = 0;
	trace_text_line(&w, from, number, s->digits, s->raw);
	return writer_flush(&w) == 0 && s->line_len > 0 &&
	    frame_read(f, s->line, s->line_len - 1) == 0;
}

/* Remembers the module for the list below the stacks. */
static void
list_module(struct trace_show *s, const struct trace_frame *f)
{
	size_t k = s->modules;

	while (k > 0 && s->listed[k - 1].module != f->module &&
	    strcmp(s->listed[k - 1].module, f->module) != 0)
		k--;
	if (k == 0 && s->modules < TRACE_LISTED)
		s->listed[s->modules++] = *f;
}

/* A text that may be longer than the writer prints at once, in the terminal's width. */
static void
put_fit(struct trace_show *s, const char *before, const char *text, size_t len)
{
	size_t n = strlen(before), width = s->width > n + 8 ? s->width - n : 8;
	char cut[FRAME_FIT + 1];

	terminal_fit(cut, text, len, width < FRAME_FIT ? width : FRAME_FIT);
	writer_print(&s->out, "%s", before);
	for (const char *p = cut; *p != '\0'; p += strnlen(p, WRITER_PRINT))
		writer_print(&s->out, "%.*s", WRITER_PRINT, p);
	writer_print(&s->out, "\n");
}

/* The line of source of a frame, if its file is here and no younger than the module. */
static void
put_source(struct trace_show *s, const struct trace_frame *f)
{
	struct timespec changed = { .tv_sec = 0 };
	char text[FRAME_FIT], before[16];
	const char *start = text;
	struct stat st;
	int n;

	/* Where other names start from is not known. */
	if (f->file == NULL || f->file[0] != '/' || f->line <= 0 || f->module == NULL ||
	    stat(f->module, &st) < 0 ||
	    (n = line_of(f->file, (unsigned)f->line, text, sizeof(text), &changed)) < 0 ||
	    changed.tv_sec > st.st_mtim.tv_sec)
		return;
	for (char *p = text; p < text + n; p++)
		*p = *p == '\t' ? ' ' : *p;
	start += strspn(text, " ");
	snprintf(before, sizeof(before), "%9d  ", f->line);
	if (s->width > 0)
		put_fit(s, before, start, strlen(start));
	else {
		writer_print(&s->out, "%s", before);
		writer_escape(&s->out, start, strlen(start));
		writer_print(&s->out, "\n");
	}
}

static void
put_frame(struct trace_show *s, const struct trace_frame *f, size_t number)
{
	char line[FRAME_FIT + 1];
	struct frame read;

	if (s->width == 0 || !read_frame(s, f, number, &read)) {
		trace_text_line(&s->out, f, number, s->digits, s->raw);
	} else {
		frame_fit(&read, s->width < FRAME_FIT ? s->width : FRAME_FIT, line);
		put_fit(s, "", line, strlen(line));
		if (f->module != NULL)
			list_module(s, f);
	}
	if (s->more)
		put_source(s, f);
}

/* The modules of all stacks, once each. */
static void
put_modules(struct trace_show *s)
{
	char before[2 * ELF_ID_BUILD_ID_MAX + 4];

	if (s->modules > 0)
		writer_print(&s->out, "\nmodules:\n");
	for (size_t k = 0; k < s->modules; k++) {
		const struct trace_frame *f = &s->listed[k];
		size_t at = 0;

		for (size_t i = 0; i < f->build_id_len && i < ELF_ID_BUILD_ID_MAX; i++)
			at += (size_t)snprintf(before + at, 3, "%02x", f->build_id[i]);
		if (s->width < at + 20) {
			/* Each on a line of its own. */
			put_fit(s, "", before, at);
			at = 0;
		} else if (at == 0) {
			before[at++] = '-';
		}
		snprintf(before + at, 3, "  ");
		put_fit(s, before, f->module, strnlen(f->module, RECORD_VALUE));
	}
}

/* A line for a record, if there is room for it. */
static void
record_frame(struct trace_show *s, const struct trace_thread *t, const struct trace_frame *f)
{
	struct frame ignored;

	read_frame(s, f, t->frames, &ignored);
	s->bytes += s->line_len + sizeof("thread_frame=4294967295 ");
	if (s->bytes > TRACE_RECORDED) {
		s->cut |= s->threads == 1;
		return;
	}
	if (s->threads == 1)
		writer_print(&s->out, "frame=");
	else
		writer_print(&s->out, "thread_frame=%" PRIu32 " ", t->tid);
	trace_text_line(&s->out, f, t->frames, s->digits, s->raw);
}

static void
frame(void *arg, const struct trace_thread *t, const struct trace_frame *f)
{
	struct trace_show *s = arg;

	if (s->threads == 1)
		s->stack[s->frames++] = *f;
	if (s->form == TRACE_JSON)
		trace_json_frame(&s->out, f, s->raw);
	if (s->form == TRACE_RECORD)
		record_frame(s, t, f);
	if (s->form == TRACE_STACKS && s->threads > 1)
		put_frame(s, f, t->frames);
	writer_flush(&s->out);
}

/* Finds out why the process died, and shows what waited for that. */
static void
end_first(struct trace_show *s, const struct trace_thread *t)
{
	if (s->form == TRACE_FINGERPRINT)
		return;
	trace_why(&s->why, s->trace, s->stack, s->frames);
	if (s->form != TRACE_STACKS)
		return;
	put_head(s, t);
	for (size_t i = 0; i < s->frames; i++)
		put_frame(s, &s->stack[i], i);
}


/* Finds the first frame that counts, and says in a few words where it is. */
static void
find_where(struct trace_show *s)
{
	size_t which[FINGERPRINT_FRAMES];
	struct frame f;

	if (fingerprint_frames(s->stack, s->frames, which) > 0 &&
	    read_frame(s, &s->stack[which[0]], 0, &f))
		frame_where(&f, s->where);
}

/* What goes with the stack of the first thread. */
static void
find_fingerprint(struct trace_show *s)
{
	if (s->found++)
		return;
	if (s->known != NULL) {
		snprintf(s->fingerprint, sizeof(s->fingerprint), "%s", s->known);
		terminal_fit(s->where, s->known_where, strlen(s->known_where),
		    sizeof(s->where) - 1);
	} else if (trace_unopened(s->trace) == 0) {
		/* With files that could not be opened, the same stack has other names another time. */
		fingerprint(s->stack, s->frames, s->fingerprint);
		find_where(s);
	}
}

/* The end of a thread's lines for a record: all of the first thread stands together. */
static void
record_end(struct trace_show *s, const struct trace_thread *t)
{
	struct trace_thread end = *t;

	if (s->cut)
		end.end = "more frames than a record has";
	if (s->threads == 1) {
		trace_text_end(&s->out, &end, "stack_end=");
		trace_text_why(&s->out, &s->why);
		find_fingerprint(s);
		if (s->fingerprint[0] != '\0')
			writer_print(&s->out, "fingerprint=%s\nfingerprint_version=%d\n",
			    s->fingerprint, FINGERPRINT_VERSION);
		if (s->where[0] != '\0') {
			writer_print(&s->out, "where=");
			writer_print(&s->out, "%s", s->where);
			writer_print(&s->out, "\n");
		}
		s->bytes = 0;
		s->cut = 0;
	}
}

static void
end(void *arg, const struct trace_thread *t)
{
	struct trace_show *s = arg;

	if (s->threads == 1)
		end_first(s, t);
	s->limited |= t->calls == TRACE_CALLS && t->end != NULL;
	if (s->form == TRACE_JSON)
		trace_json_thread_end(&s->out, t);
	else if (s->form == TRACE_STACKS && s->width > 0 && t->end != NULL)
		put_fit(s, "     ends here: ", t->end, strlen(t->end));
	else if (s->form == TRACE_STACKS)
		trace_text_end(&s->out, t, "     ends here: ");
	else if (s->form == TRACE_RECORD)
		record_end(s, t);
	writer_flush(&s->out);
}

void
trace_show_recorded(struct trace_show *s, const struct dump *d)
{
	uint64_t version;

	if (d == NULL || strlen(d->fingerprint) != FINGERPRINT_TEXT - 1 ||
	    strspn(d->fingerprint, "0123456789abcdef") != FINGERPRINT_TEXT - 1 ||
	    number_parse(d->fingerprint_version, 0, UINT64_MAX, &version) < 0 ||
	    version != FINGERPRINT_VERSION)
		return;
	s->known = d->fingerprint;
	s->known_where = d->where;
}

int
trace_show(struct trace_show *s, struct trace *t)
{
	const struct trace_visitor v = { .start = start, .frame = frame, .end = end, .arg = s,
		.threads = s->most };
	const struct core *c = trace_core(t);
	int rc;

	s->trace = t;
	s->signal = signal_name(c->signal);
	s->digits = 2 * (int)elf_word_size(c->is64);
	if (s->form == TRACE_JSON)
		trace_json_head(&s->out, c);
	rc = trace_walk(t, &v);
	find_fingerprint(s);
	return rc;
}

int
trace_show_end(struct trace_show *s, int complete)
{
	if (s->form == TRACE_JSON)
		trace_json_end(&s->out, &s->why, s->fingerprint, s->where, complete);
	else if (s->form == TRACE_FINGERPRINT && s->fingerprint[0] != '\0')
		writer_print(&s->out, "%s\n", s->fingerprint);
	else if (s->form == TRACE_STACKS)
		put_modules(s);
	return writer_flush(&s->out);
}
