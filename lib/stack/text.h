/* A stack as text: what core-trace prints for it. */
#ifndef GZCORE_STACK_TEXT_H
#define GZCORE_STACK_TEXT_H

#include "record/record.h"
#include "stack/trace.h"

/* The longest text: three escaped strings, a build-id, numbers. */
#define TRACE_TEXT (3 * RECORD_JSON(RECORD_VALUE) + 1024)

/*
 * Writes the frame of that number to out, terminated: a line without its end, with an address of that many
 * digits; or an object of JSON.  Strings are cut after RECORD_VALUE bytes and escaped as a record's.
 */
void trace_text_line(const struct trace_frame *f, size_t number, int digits, char out[TRACE_TEXT]);
void trace_text_json(const struct trace_frame *f, char out[TRACE_TEXT]);

/* The same of what is around frames in JSON: before the threads, of a thread, counted from 0, and behind it. */
void trace_text_json_head(const struct core *c, char out[TRACE_TEXT]);
void trace_text_json_start(const struct trace_thread *t, size_t number, char out[TRACE_TEXT]);
void trace_text_json_end(const struct trace_thread *t, char out[TRACE_TEXT]);

/* Why the stack ends, as a line with its end after those words; "" when it was all. */
void trace_text_end(const struct trace_thread *t, const char *before, char out[TRACE_TEXT]);

#endif
