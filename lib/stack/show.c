#include "stack/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/signal_names.h"
#include "elf/layout.h"
#include "stack/text.h"

/* The words of text for the process, each of which may be long, in lines of 80 columns. */
static void
put_words(struct trace_show *s, const char *title, const char *words)
{
	int column = 0;

	while (*words != '\0') {
		int n = (int)strcspn(words, " ");

		if (column == 0 || column + 1 + n > 80) {
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

	writer_print(&s->out, "%sthread %" PRIu32 "%s%s", s->threads > 1 ? "\n" : "", t->tid,
	    t->crashed ? ": " : "",
	    !t->crashed ? "" : s->signal != NULL ? s->signal : "crashed");
	if (t->crashed && *reason != '\0') {
		writer_print(&s->out, ": ");
		writer_escape(&s->out, reason, strlen(reason));
	}
	writer_print(&s->out, "\n");
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

static void
frame(void *arg, const struct trace_thread *t, const struct trace_frame *f)
{
	struct trace_show *s = arg;

	if (s->threads == 1)
		s->stack[s->frames++] = *f;
	if (s->form == TRACE_JSON)
		trace_json_frame(&s->out, f, s->raw);
	if (s->form == TRACE_RECORD)
		writer_print(&s->out, "frame=");
	if (s->form == TRACE_RECORD || (s->form == TRACE_STACKS && s->threads > 1)) {
		trace_text_line(&s->out, f, t->frames, s->digits, s->raw);
		writer_flush(&s->out);
	}
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
		trace_text_line(&s->out, &s->stack[i], i, s->digits, s->raw);
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
	else if (s->form != TRACE_FINGERPRINT)
		trace_text_end(&s->out, t,
		    s->form == TRACE_RECORD ? "stack_end=" : "     ends here: ");
	if (s->form == TRACE_RECORD && s->threads == 1)
		trace_text_why(&s->out, &s->why);
	writer_flush(&s->out);
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

/* Finds the first frame that counts, and says in a few words where it is. */
static void
find_where(struct trace_show *s)
{
	size_t which[FINGERPRINT_FRAMES];
	struct frame f;
	struct writer w;

	if (fingerprint_frames(s->stack, s->frames, which) == 0)
		return;
	writer_start(&w, WRITER_LINES, keep_line, s);
	s->line_len = 0;
	trace_text_line(&w, &s->stack[which[0]], 0, s->digits, s->raw);
	if (writer_flush(&w) == 0 && s->line_len > 0 &&
	    frame_read(&f, s->line, s->line_len - 1) == 0)
		frame_where(&f, s->where);
}

/* What goes with the stack of the first thread. */
static void
find_fingerprint(struct trace_show *s, struct trace *t)
{
	static const char printable[] = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";

	if (s->known != NULL) {
		snprintf(s->fingerprint, sizeof(s->fingerprint), "%s", s->known);
		/* Others may have written the record. */
		if (s->known_where[strspn(s->known_where, printable)] == '\0')
			snprintf(s->where, sizeof(s->where), "%s", s->known_where);
	} else if (trace_unopened(t) == 0) {
		/* With files that could not be opened, the same stack has other names another time. */
		fingerprint(s->stack, s->frames, s->fingerprint);
		find_where(s);
	}
}

int
trace_show(struct trace_show *s, struct trace *t)
{
	const struct trace_visitor v = { .start = start, .frame = frame, .end = end, .arg = s,
		.threads = s->one ? 1 : 0 };
	const struct core *c = trace_core(t);
	int rc;

	s->trace = t;
	s->signal = signal_name(c->signal);
	s->digits = 2 * (int)elf_word_size(c->is64);
	if (s->form == TRACE_JSON)
		trace_json_head(&s->out, c);
	rc = trace_walk(t, &v);
	find_fingerprint(s, t);
	return rc;
}

int
trace_show_end(struct trace_show *s, int complete)
{
	if (s->form == TRACE_JSON)
		trace_json_end(&s->out, &s->why, s->fingerprint, s->where, complete);
	else if (s->form != TRACE_STACKS && s->fingerprint[0] != '\0')
		writer_print(&s->out, "%s%s\n", s->form == TRACE_RECORD ? "fingerprint=" : "",
		    s->fingerprint);
	if (s->form == TRACE_RECORD && s->fingerprint[0] != '\0')
		writer_print(&s->out, "fingerprint_version=%d\n", FINGERPRINT_VERSION);
	if (s->form == TRACE_RECORD && s->where[0] != '\0') {
		writer_print(&s->out, "where=");
		writer_print(&s->out, "%s", s->where);
		writer_print(&s->out, "\n");
	}
	return writer_flush(&s->out);
}
