/* Why the process of a trace died: the rules of reason.h, with the files of its modules. */
#ifndef GZCORE_STACK_WHY_H
#define GZCORE_STACK_WHY_H

#include "reason/reason.h"
#include "stack/trace.h"

struct trace_why {
	struct reason reason;
	char registers[REASON_REGISTERS];	/* of the crashed thread; "": not known */
	char code[REASON_CODE_TEXT];		/* around its pc; "": not known */
};

/*
 * f[n]: the stack of the crashed thread.  What is not known is "".  To be called by a visitor of trace_walk, which
 * guards what is done with files.
 */
void trace_why(struct trace_why *w, struct trace *t, const struct trace_frame *f, size_t n);

#endif
