/* Keeping pages of memory, within the budget. */
#ifndef GZCORE_TRIM_KEEP_H
#define GZCORE_TRIM_KEEP_H

#include <stdint.h>

#include "trim/trim.h"

/*
 * Keeps the pages of [start, end), as far as the core has them, they can be read and the budget
 * lasts.
 */
void trim_keep(struct trim *t, enum trim_rule rule, uint64_t start, uint64_t end);

/* The name of a rule, for the note. */
const char *trim_rule_words(enum trim_rule rule);

/*
 * From here to trim_trail_end the pages that trim_keep adds are noted in t->kept.trail, up to room
 * of them.  Returns 0, or -1 with errno.
 */
int trim_trail_begin(struct trim *t, size_t room);
void trim_trail_end(struct trim *t);

static inline int
trim_trail_is_full(const struct trim *t)
{
	return t->kept.trail.count >= t->kept.trail.room;
}

#endif
