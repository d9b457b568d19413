/*
 * A program that crashes again and again: whether one more crash is stored, and the record that
 * counts the others.
 */
#ifndef GZCORE_CRASH_LOOP_RECORD_H
#define GZCORE_CRASH_LOOP_RECORD_H

#include <stdint.h>

#include "crash/record_file.h"
#include "dumps/loops.h"

/* The most bytes of a record that is kept. */
#define LOOP_RECORD (256u * 1024)

/*
 * Whether a text can be the key of a loop: not empty, and no tab or newline, which would break the
 * counts' lines.
 */
int loop_key_ok(const char *key);

/* Whether a text is a record that can count: it begins with uuid= and ends with a newline. */
int loop_record_ok(const char *text);

/*
 * Counts a crash of the loop l beyond those that are stored, in the record l->name.  If that is no
 * record that can count, or l->name is "", it is counted in a new record, under the first free of
 * NAME, NAME-1, …, which becomes l->name; a new record starts with the lines of text.  Returns 0, or
 * -1 with errno.
 */
int loop_record_count(struct loop *l, uint64_t beyond, const char *dir, int fd, const char *name,
    const char *text, const struct record_owner *o);

#endif
