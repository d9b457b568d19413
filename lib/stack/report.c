#include "stack/report.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/signal_names.h"
#include "stack/fingerprint.h"

static void
start_thread(void *arg, const struct trace_thread *t)
{
	struct trace_report *r = arg;

	r->threads++;
	if (r->form == TRACE_FORM_JSON)
		trace_text_json_start(t, r->threads - 1, r->text);
	else if (r->form == TRACE_FORM_TEXT)
		snprintf(r->text, sizeof(r->text), "%sthread %" PRIu32 "%s%s\n",
		    r->threads > 1 ? "\n" : "", t->tid, t->crashed ? ": " : "",
		    !t->crashed ? "" : r->signal != NULL ? r->signal : "crashed");
	else
		return;
	r->put(r->arg, r->text);
}

static void
put_frame(void *arg, const struct trace_thread *t, const struct trace_frame *f)
{
	struct trace_report *r = arg;

	if (r->threads == 1)
		r->stack[r->frames++] = *f;
	if (r->form == TRACE_FORM_FINGERPRINT)
		return;
	if (r->form == TRACE_FORM_JSON && t->frames > 0)
		r->put(r->arg, ", ");
	if (r->form == TRACE_FORM_RECORD)
		r->put(r->arg, "frame=");
	if (r->form == TRACE_FORM_JSON)
		trace_text_json(f, r->text);
	else
		trace_text_line(f, t->frames, r->digits, r->text);
	r->put(r->arg, r->text);
	if (r->form != TRACE_FORM_JSON)
		r->put(r->arg, "\n");
}

static void
end_thread(void *arg, const struct trace_thread *t)
{
	struct trace_report *r = arg;

	r->limited |= t->frames == TRACE_FRAMES && t->end != NULL;
	if (r->form == TRACE_FORM_FINGERPRINT)
		return;
	if (r->form == TRACE_FORM_JSON)
		trace_text_json_end(t, r->text);
	else
		trace_text_end(t, r->form == TRACE_FORM_RECORD ? "stack_end=" : "     ends here: ",
		    r->text);
	r->put(r->arg, r->text);
}

int
trace_report_stacks(struct trace_report *r, struct trace *t)
{
	const struct trace_visitor v = { .start = start_thread, .frame = put_frame,
		.end = end_thread, .arg = r,
		.threads = r->first ? 1 : 0 };
	struct core *c = trace_core(t);

	r->signal = signal_name(c->signal);
	r->digits = c->is64 ? 16 : 8;
	if (r->form == TRACE_FORM_JSON) {
		trace_text_json_head(c, r->text);
		r->put(r->arg, r->text);
	}
	return trace_walk(t, &v);
}

void
trace_report_end(struct trace_report *r, const struct trace *t, int complete)
{
	char hash[FINGERPRINT_TEXT];

	/* The same stack has its names another time, and another fingerprint then. */
	fingerprint(r->stack, trace_unopened(t) != 0 ? 0 : r->frames, hash);
	if (r->form == TRACE_FORM_JSON)
		snprintf(r->text, sizeof(r->text),
		    "], \"fingerprint\": \"%s\", \"complete\": %s}\n", hash,
		    complete ? "true" : "false");
	else if (r->form != TRACE_FORM_TEXT && hash[0] != '\0')
		snprintf(r->text, sizeof(r->text), "%s%s\n",
		    r->form == TRACE_FORM_RECORD ? "fingerprint=" : "", hash);
	else
		return;
	r->put(r->arg, r->text);
}
