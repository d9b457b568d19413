/* A stack as text: what core-trace prints for it.  Strings are cut after RECORD_VALUE bytes. */
#ifndef GZCORE_STACK_TEXT_H
#define GZCORE_STACK_TEXT_H

#include "record/record.h"
#include "record/writer.h"
#include "stack/trace.h"
#include "stack/why.h"

/* The longest line, bytes: three escaped strings, a build-id, numbers. */
#define TRACE_LINE (3 * RECORD_ESCAPED(RECORD_VALUE) + 1024)

/*
 * The frame of that number as a line, with an address of that many digits; raw: with the function's mangled name.  Two
 * blanks stand between parts, and nowhere else (record/frame.h).
 */
void trace_text_line(
    struct writer *w, const struct trace_frame *f, size_t number, int digits, int raw);

/* Why the stack ends, as a line that begins with before; nothing when it was all. */
void trace_text_end(struct writer *w, const struct trace_thread *t, const char *before);

/*
 * The same as JSON, to be called in this order: before the threads; before the frames of a thread;
 * a frame; after the frames of a thread; after the threads.
 */
void trace_json_head(struct writer *w, const struct core *c);
void trace_json_thread(struct writer *w, const struct trace_thread *t);
void trace_json_frame(struct writer *w, const struct trace_frame *f, int raw);
void trace_json_thread_end(struct writer *w, const struct trace_thread *t);
void trace_json_end(struct writer *w, const struct trace_why *why, const char *fingerprint,
    const char *where, int complete);

/* Why the process died, its registers and code: members of the object, or lines of a record. */
void trace_text_why(struct writer *w, const struct trace_why *why);

#endif
