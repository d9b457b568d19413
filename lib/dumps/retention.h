/* Which dumps of a directory go, when not all can stay. */
#ifndef GZCORE_DUMPS_RETENTION_H
#define GZCORE_DUMPS_RETENTION_H

#include <stdint.h>

#include "dumps/directory.h"
#include "dumps/payers.h"

/* What may stay; 0: any. */
struct retention {
	uint64_t count, each;		/* dumps in all, and of one identity */
	uint64_t bytes;			/* of their files and records */
	/* small cores have the budget below; else they are a part of their dump */
	int apart;
	uint64_t small_count, small_each, small_bytes;
	struct {
		uint64_t wanted;	/* bytes that are to become free */
		uint64_t least;		/* for fewer than these no newest of an identity goes */
	/* small_need with apart: as many of them as small cores may go for */
	} need, small_need;
	/* a time as records have it: what is older goes; NULL: no age is too much */
	const char *before;
	/* what has not been sent goes for bytes and need alone, last of its user's */
	int unsent;
};

/* Why a dump goes. */
enum retention_rule { RETENTION_STAYS, RETENTION_AGE, RETENTION_EACH, RETENTION_COUNT,
	RETENTION_BYTES, RETENTION_FREE };

/* What becomes of a dump's full file, or of a part of that, and of its small core; of what is not there: it stays. */
struct retention_verdict {
	enum retention_rule file, small;
	int all;			/* nothing stays: the record goes too */
};

/*
 * Decides for each dump what of it goes, and by which rule: verdict[d->count].
 *
 * First every dump that is too old goes, then every one that alone is larger than the limit on bytes.  After that,
 * while a rule is broken, one more goes.  These questions pick it, the next one only among equals:
 *   1. whose: users' dumps before services' dumps;
 *   2. of those, the dumps of whoever holds most, counted in dumps for a limit on the count, else in bytes;
 *   3. of those, one that is neither the first nor the newest of its identity, then a first, then a newest one; where
 *      an identity has dumps with a file, only these count as first and newest;
 *   4. of those, the oldest.
 *
 * The holder of a dump is who is charged for it (payers.h), or, in the directory of a user (DUMPS_USERS), that user.
 * Dumps are of one identity if they have the same holder and the same UUID, else build-id, else command.  Dumps in
 * directories of users go for need alone.
 *
 * Need never takes the newest dump of a service's identity, nor, with apart, a user's last small core.  It takes no
 * newest dump at all if even all that may go would free fewer bytes than least: then others have filled that disk.
 *
 * A dump that is being written stays.  A rule does not count what it may not take: what is being written, and what
 * may go for bytes and need alone.  With apart, the small cores are chosen among themselves, and the other files among
 * themselves; the record is counted with the small core if that stays.  For need, once no other file may go, small
 * cores go too, up to small_need.  Returns 0, or -1 when memory ran out.
 */
int retention_plan(const struct dumps *d, const struct retention *r, struct payers *p,
    struct retention_verdict *verdict);

/* The rule in words, for a log; of a small core that has a budget of its own. */
const char *retention_words(enum retention_rule rule, int small);

#endif
