/* The lines of a record, put together from what was said before and after the core came. */
#ifndef GZCORE_CRASH_MERGE_H
#define GZCORE_CRASH_MERGE_H

#include <stdio.h>

/*
 * Writes the facts of a record in their order (record/keys.h): each key with its first value in
 * live, or, where that is empty, in core; uuid always.  with_private 0: without private keys.
 */
void merge_facts(FILE *to, const char *live, const char *core, int with_private);

/* Copies the lines of text but for those with private keys. */
void merge_open(FILE *to, const char *text);

#endif
