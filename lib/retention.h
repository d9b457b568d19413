/* Which dumps of a directory go, when not all can stay. */
#ifndef GZCORE_RETENTION_H
#define GZCORE_RETENTION_H

#include <stdint.h>

#include "dumps.h"

/* What may stay; 0: any. */
struct retention {
	uint64_t count, each;		/* dumps in all, and of one identity */
	uint64_t bytes;			/* of their files and records */
	uint64_t need;			/* bytes that are to become free; the newest of an identity does not go for it */
	const char *before;		/* a time as records have it: what is older goes; NULL: no age is too much */
	int unsent;			/* what has not been sent goes for bytes and need alone, last of all */
};

/* Why a dump goes. */
enum retention_rule { RETENTION_STAYS, RETENTION_AGE, RETENTION_EACH, RETENTION_COUNT, RETENTION_BYTES, RETENTION_FREE };

/*
 * Says for each of the dumps whether it goes, by which rule: rule[d->count].  Age first; then, while a rule is
 * broken, the oldest of those that are neither the first nor the newest of their identity; then the first ones,
 * the oldest first; then the newest ones; of those with a file where an identity has such.  What is being written
 * stays; that, and what goes for bytes and need alone, is not counted by the rules for which it stays.  An identity
 * is the UUID, or the build-id, or the command.  Returns 0, or -1 when memory ran out.
 */
int retention_plan(const struct dumps *d, const struct retention *r, enum retention_rule *rule);

/* The rule in words, for a log. */
const char *retention_words(enum retention_rule rule);

#endif
