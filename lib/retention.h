/* Which dumps of a directory go, when not all can stay. */
#ifndef GZCORE_RETENTION_H
#define GZCORE_RETENTION_H

#include <stdint.h>

#include "dumps.h"

/* What may stay; 0: any. */
struct retention {
	uint64_t count, each;		/* dumps in all, and of one identity */
	uint64_t bytes;			/* of their files and records */
	int apart;			/* small cores have the budget below; else they are a part of their dump */
	uint64_t small_count, small_each, small_bytes;
	uint64_t need;			/* bytes that are to become free; the newest of an identity does not go for it */
	uint64_t small_need;		/* with apart: as many of them as small cores may go for */
	const char *before;		/* a time as records have it: what is older goes; NULL: no age is too much */
	int unsent;			/* what has not been sent goes for bytes and need alone, last of all */
};

/* Why a dump goes. */
enum retention_rule { RETENTION_STAYS, RETENTION_AGE, RETENTION_EACH, RETENTION_COUNT, RETENTION_BYTES, RETENTION_FREE };

/* What becomes of a dump's full file, or of a part of that, and of its small core; of what is not there: it stays. */
struct retention_verdict {
	enum retention_rule file, small;
	int all;			/* nothing stays: the record goes too */
};

/*
 * Says for each of the dumps what of it goes, by which rule: verdict[d->count].  Age first; then, while a rule is
 * broken, the oldest of those that are neither the first nor the newest of their identity; then the first ones,
 * the oldest first; then the newest ones; of those with a file where an identity has such.  What is being written
 * stays; that, and what goes for bytes and need alone, is not counted by the rules for which it stays.  An identity
 * is the UUID, or the build-id, or the command.  With apart the small cores are chosen so among themselves, and the
 * other files among themselves; a record is counted with the small core when that stays; for need, up to
 * small_need, small cores go when no other file may any more.  Returns 0, or -1 when memory ran out.
 */
int retention_plan(const struct dumps *d, const struct retention *r, struct retention_verdict *verdict);

/* The rule in words, for a log; of a small core that has a budget of its own. */
const char *retention_words(enum retention_rule rule, int small);

#endif
