/*
 * The stacks of a core in one of the forms in which core-trace prints them, piece by piece as they
 * are found.
 */
#ifndef GZCORE_STACK_REPORT_H
#define GZCORE_STACK_REPORT_H

#include "stack/text.h"
#include "stack/trace.h"

enum trace_form {
	TRACE_FORM_TEXT,	/* to be read */
	TRACE_FORM_JSON,	/* an object that trace_report_end closes */
	TRACE_FORM_RECORD,	/* lines of a record */
	TRACE_FORM_FINGERPRINT	/* nothing but the fingerprint */
};

struct trace_report {
	/* The caller's. */
	enum trace_form form;
	/* The first thread alone; RECORD and FINGERPRINT have no other. */
	int first;
	void (*put)(void *arg, const char *text);
	void *arg;

	size_t threads;
	int limited;			/* a stack has more frames than are shown */
	/* Its own. */
	const char *signal;		/* of the crashed thread, NULL when it has no name */
	int digits;			/* of an address */
	struct trace_frame stack[TRACE_FRAMES];	/* of the first thread */
	size_t frames;
	char text[TRACE_TEXT];
};

/* Walks through the stacks, as trace_walk, and puts them. */
int trace_report_stacks(struct trace_report *r, struct trace *t);

/* Puts the fingerprint, if there is one, and what ends the report; complete: nothing is missing. */
void trace_report_end(struct trace_report *r, const struct trace *t, int complete);

#endif
