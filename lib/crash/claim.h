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
 * Puts the name into out, with '_' behind one whose file would look like another's: X.small, X.gz.
 */
void claim_own_name(char out[NAME_MAX + 1], const char *name, const char *suffix);

/* Looks up b's owner, or says in log that there is none, and leaves the owner as it is. */
void claim_owner(struct claim *c, struct begun *b, FILE *log);

/*
 * Stores b->record under the first free name of b->name, which becomes b->name; where the owner or
 * the mode may be at fault, without those, which b then lacks too.  The verdict: BEGIN_STORE,
 * BEGIN_ROOM, or BEGIN_FAILED with a line in log.
 */
enum begin_verdict claim_name(const struct claim *c, struct begun *b, FILE *log);

#endif
