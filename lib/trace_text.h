/* A frame of a stack as text: what core-trace prints for it. */
#ifndef GZCORE_TRACE_TEXT_H
#define GZCORE_TRACE_TEXT_H

#include "record.h"
#include "trace.h"

/* The longest text: three escaped strings, a build-id, numbers. */
#define TRACE_TEXT (3 * RECORD_JSON(RECORD_VALUE) + 1024)

/*
 * Writes the frame of that number to out, terminated: a line without its end, with an address of that many
 * digits; or an object of JSON.  Strings are cut after RECORD_VALUE bytes and escaped as a record's.
 */
void trace_text_line(const struct trace_frame *f, size_t number, int digits, char out[TRACE_TEXT]);
void trace_text_json(const struct trace_frame *f, char out[TRACE_TEXT]);

#endif
