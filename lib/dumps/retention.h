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
 * Says for each of the dumps what of it goes, by which rule: verdict[d->count].  Age first; what is larger than all
 * bytes that there may be, alone.  Then, while a rule is broken, the first one of this order:
 *   users' before services';
 *   of users, or services, the one's who holds most: dumps for a count, else bytes;
 *   of those, one that is neither the first nor the newest of its identity, then a first, then a newest one, of those
 *   with a file where an identity has such;
 *   the oldest.
 * Who holds it is who is charged (payers.h), for the directory of a user, with DUMPS_USERS, that user; an identity is
 * one of these, and the UUID, or the build-id, or the command.  Dumps in such directories go for need alone.
 * Need takes no services' newest of an identity, no user's last small core with apart, and no newest one at all when
 * even then fewer bytes than the least would become free: others have filled that disk.
 * What is being written stays; that, and what goes for bytes and need alone, is not counted by the rules for which
 * it stays.  With apart the small cores are chosen so among themselves, and the other files among themselves; a record
 * is counted with the small core when that stays; for need, up to small_need, small cores go when no other file may
 * any more.  Returns 0, or -1 when memory ran out.
 */
int retention_plan(const struct dumps *d, const struct retention *r, struct payers *p,
    struct retention_verdict *verdict);

/* The rule in words, for a log; of a small core that has a budget of its own. */
const char *retention_words(enum retention_rule rule, int small);

#endif
