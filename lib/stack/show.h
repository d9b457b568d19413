/* The stacks of a core, or the fingerprint of one, in the forms of core-trace(1). */
#ifndef GZCORE_STACK_SHOW_H
#define GZCORE_STACK_SHOW_H

#include "record/frame.h"
#include "record/writer.h"
#include "stack/fingerprint.h"
#include "stack/text.h"
#include "stack/trace.h"
#include "stack/why.h"

enum trace_form {
	TRACE_STACKS,		/* stacks as text */
	TRACE_JSON,		/* stacks and the fingerprint as one JSON object */
	TRACE_FINGERPRINT,	/* the fingerprint of the crashed thread's stack */
	TRACE_RECORD		/* stacks and the fingerprint as lines of a record */
};

/* All zeros before, but for what the caller sets. */
struct trace_show {
	/* The caller's. */
	enum trace_form form;
	int one;			/* the crashed thread alone */
	int raw;			/* functions with their mangled names */
	/* the fingerprint of this crash that is known already, or NULL, and then its first frame that counts */
	const char *known, *known_where;
	int more;			/* text has its registers and the code at its pc */
	struct writer out;		/* started for lines or JSON */

	size_t threads;			/* how many were seen */
	int limited;			/* a stack has more frames than are shown */
	char fingerprint[FINGERPRINT_TEXT];	/* "" when there is none */

	char where[FRAME_WHERE];	/* the first frame that counts, escaped; or "" */
	struct trace_why why;		/* the process died, once the first thread was shown */

	/* Private. */
	struct trace *trace;
	int digits;			/* of an address */
	const char *signal;		/* of the crashed thread, NULL when it has no name */
	struct trace_frame stack[TRACE_FRAMES];	/* of the first thread */
	size_t frames;
	char line[TRACE_LINE];		/* of one frame: line_len bytes */
	size_t line_len;
};

/* Writes the threads, and flushes after each.  Returns as trace_walk does. */
int trace_show(struct trace_show *s, struct trace *t);

/* Writes the end; complete is whether all was shown.  Returns as writer_flush does. */
int trace_show_end(struct trace_show *s, int complete);

#endif
