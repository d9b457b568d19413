/* A record's name, which no other dump has: the first free of NAME, NAME-1 and so on. */
#ifndef GZCORE_CRASH_CLAIM_H
#define GZCORE_CRASH_CLAIM_H

#include <limits.h>
#include <stdio.h>

#include "crash/begin.h"
#include "crash/record_file.h"

struct claim {
	const char *dir, *shown, *suffix;	/* as in begin_options */
	uint64_t spare;
	struct record_owner owner;
	int flags;
};

/* The flag for a record that is stored for good: it is synced. */
#define CLAIM_SYNC 1

/*
 * Copies the name to out.  One that ends in .small, in the suffix or in its beginning up to a dot
 * (X.small, X.gz) gets a '_' at its end: its files would look like those of a dump X.
 */
void claim_own_name(char out[NAME_MAX + 1], const char *name, const char *suffix);

/* Looks up b's owner, or says in log that there is none, and leaves the owner as it is. */
void claim_owner(struct claim *c, struct begun *b, FILE *log);

/*
 * Stores b->record under the first free of b->name, b->name-1 and so on, which becomes b->name.  If
 * that fails, says why in log, and tries again without the owner and with mode 0600, in b too: these
 * may be at fault.  Returns BEGIN_STORE, BEGIN_ROOM (nothing is tried again) or BEGIN_FAILED.
 */
enum begin_verdict claim_name(const struct claim *c, struct begun *b, FILE *log);

#endif
