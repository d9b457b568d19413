/*
 * The beginning of a record, while the kernel waits: the facts, whose the dump is, a loop's count,
 * and a name.
 */
#ifndef GZCORE_CRASH_BEGIN_H
#define GZCORE_CRASH_BEGIN_H

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

#include "crash/kernel_words.h"
#include "crash/live_facts.h"
#include "crash/places.h"
#include "dumps/payers.h"
#include "store/disk_part.h"

enum begin_verdict {
	BEGIN_STORE,		/* the record is begun */
	BEGIN_ALONE,		/* one too many: counted in a record, and not to be stored */
	BEGIN_LIMIT,		/* its limit is 0: the record is all that is stored */
	BEGIN_PLACES,		/* users have their places: the record is all that is stored */
	BEGIN_ROOM,		/* too little is free: nothing was made or counted */
	BEGIN_FAILED		/* no record could be made */
};

/* By what crashes count as a loop's. */
enum begin_kind { BEGIN_IDENTITY, BEGIN_UNIT, BEGIN_CONTAINER, BEGIN_USER, BEGIN_NO_KIND };

/* The kind of that name: "identity", "unit", "container" or "user"; else BEGIN_NO_KIND. */
enum begin_kind begin_kind(const char *name);

struct begin_options {
	const char *dir, *template;
	const char *shown;	/* the directory as messages name it */
	const char *suffix;	/* of the files; NULL: gz, in which names may end then */
	const char *owner;	/* as for owner_parse, "crashed", or "": as it is */
	mode_t mode;
	enum begin_kind kind;
	uint32_t most, seconds;	/* crashes of a kind that are stored in a window; 0: all */
	struct disk_part spare;	/* bytes that must stay free; 0: not asked for */
	int places_fd;		/* the file for places_take; -1: none */
	uint32_t places;	/* that the kernel has; 0: as many as it says itself */
	uint32_t turns;		/* crashes of users that are handled at once; 0: any number */
	uint32_t turn_seconds;	/* that others wait */
	int small;		/* small cores are stored: each crash has a record of its own */
	int environment;	/* is asked for */
	int with_private;	/* the record has private keys */
	int honour_limit;
};

/* Its strings are its own, or those of the options and words that begin_record was given. */
struct begun {
	enum begin_verdict verdict;
	struct kernel_words words;
	char name[NAME_MAX + 1];	/* of the record, without .txt */
	const char *owner;		/* as for owner_parse; "": as it is */
	mode_t mode;
	struct payer payer;		/* who is charged for it */
	enum place place;		/* for a user's crash */
	char heir[16];			/* the user who gets the dump in the end, or "" */
	uint64_t beyond;		/* the crashes beyond the most; 0: not in a loop */
	char *kind;			/* what they have in common */
	uint64_t spare;			/* bytes that must stay free */
	char *record;			/* its lines, without the environment's */
	struct live_facts facts;	/* with private keys */
	char *log;			/* lines log=TEXT: what went wrong */
};

/*
 * Begins a record.  Returns 0, or -1 with errno: memory.  begun_free frees what is in b in either
 * case.
 */
int begin_record(struct begun *b, const struct begin_options *o, char **words);
void begun_free(struct begun *b);

#endif
