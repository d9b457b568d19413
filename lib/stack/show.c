#include "stack/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/signal_names.h"
#include "base/terminal.h"
#include "elf/layout.h"
#include "stack/text.h"

static void
start(void *arg, const struct trace_thread *t)
{
	struct trace_show *s = arg;

	s->threads++;
	if (s->form == TRACE_JSON)
		trace_json_thread(&s->out, t);
	else if (s->form == TRACE_STACKS)
		writer_print(&s->out, "%sthread %" PRIu32 "%s%s\n", s->threads > 1 ? "\n" : "",
		    t->tid, t->crashed ? ": " : "",
		    !t->crashed ? "" : s->signal != NULL ? s->signal : "crashed");
}

static void
frame(void *arg, const struct trace_thread *t, const struct trace_frame *f)
{
	struct trace_show *s = arg;

	if (s->threads == 1 && !f->inlined)
		s->stack[s->frames++] = *f;
	if (s->form == TRACE_JSON)
		trace_json_frame(&s->out, f, s->raw);
	if (s->form == TRACE_RECORD)
		writer_print(&s->out, "frame=");
	if (s->form == TRACE_RECORD || s->form == TRACE_STACKS) {
		trace_text_line(&s->out, f, t->frames, s->digits, s->raw);
		writer_flush(&s->out);
	}
}

static void
end(void *arg, const struct trace_thread *t)
{
	struct trace_show *s = arg;

	s->limited |= t->calls == TRACE_CALLS && t->end != NULL;
	if (s->form == TRACE_JSON)
		trace_json_thread_end(&s->out, t);
	else if (s->form != TRACE_FINGERPRINT)
		trace_text_end(&s->out, t,
		    s->form == TRACE_RECORD ? "stack_end=" : "     ends here: ");
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
	if (s->known != NULL) {
		snprintf(s->fingerprint, sizeof(s->fingerprint), "%s", s->known);
		terminal_fit(s->where, s->known_where, strlen(s->known_where),
		    sizeof(s->where) - 1);
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
		trace_json_end(&s->out, s->fingerprint, s->where, complete);
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
