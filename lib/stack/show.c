#include "stack/show.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/signal_names.h"
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
	/* With files that could not be opened, the same stack has other names another time. */
	if (s->known != NULL)
		snprintf(s->fingerprint, sizeof(s->fingerprint), "%s", s->known);
	else
		fingerprint(s->stack, trace_unopened(t) != 0 ? 0 : s->frames, s->fingerprint);
	return rc;
}

int
trace_show_end(struct trace_show *s, int complete)
{
	if (s->form == TRACE_JSON)
		trace_json_end(&s->out, s->fingerprint, complete);
	else if (s->form != TRACE_STACKS && s->fingerprint[0] != '\0')
		writer_print(&s->out, "%s%s\n", s->form == TRACE_RECORD ? "fingerprint=" : "",
		    s->fingerprint);
	if (s->form == TRACE_RECORD && s->fingerprint[0] != '\0')
		writer_print(&s->out, "fingerprint_version=%d\n", FINGERPRINT_VERSION);
	return writer_flush(&s->out);
}
