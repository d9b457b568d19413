/* What core-record(1) answers, as lines KEY=VALUE that a shell reads. */
#ifndef GZCORE_CRASH_ANSWER_H
#define GZCORE_CRASH_ANSWER_H

#include <stddef.h>
#include <stdio.h>

#include "crash/begin.h"
#include "crash/end.h"

/* Copies what fits of a text into out[size] as one line, terminated: each newline is '?'. */
void answer_line(char *out, size_t size, const char *text);

/* How a record was begun, then the record, and the environment. */
void answer_begun(FILE *to, const struct begun *b);

/*
 * How a record ended, then the record without its long lists; shown is the directory as answer_line
 * has it.
 */
void answer_ended(FILE *to, const struct ended *e, const struct end_options *o, const char *shown);

/* The first value of each key of a record as GZCORE_KEY=VALUE, without its long lists. */
void answer_variables(FILE *to, const char *record);

#endif
