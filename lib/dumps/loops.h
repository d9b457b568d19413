/* How often things happened lately: a count for each in a file of a directory, which many processes share. */
#ifndef GZCORE_DUMPS_LOOPS_H
#define GZCORE_DUMPS_LOOPS_H

#include <limits.h>
#include <stdint.h>

#include "dumps/payers.h"

/* The file in the directory. */
#define LOOPS_FILE ".gzcore.loops"
/* The most of services that are counted at once, and the most of users. */
#define LOOPS_SHARE 64
#define LOOPS_MAX (2 * LOOPS_SHARE)
/* The room of what one is called; the end of a longer name counts. */
#define LOOPS_KEY 200

struct loop {
	char key[LOOPS_KEY];
	struct payer payer;		/* who is charged for it */
	uint64_t start;			/* of its window: ms since the boot, CLOCK_BOOTTIME */
	uint64_t count;			/* since then, this time included */
	/* what the caller notes with it, no tab nor newline; "" for a new window */
	char name[NAME_MAX + 1];
};

struct loops {
	int fd;
	char boot[64];			/* the boot that the times are of */
	int count;
	struct loop loop[LOOPS_MAX];
};

/*
 * Takes the file's lock, waiting for it at most LOOPS_WAIT ms, and reads it; what was before the last boot, or
 * makes no sense, counts as nothing.  Returns 0; -1 with errno, ETIMEDOUT when another keeps the lock.  To be
 * ended by loops_save or loops_close.
 */
int loops_open(struct loops *l, int dir);
#define LOOPS_WAIT 1000

/*
 * Counts one more of what has that key (no tab nor newline in it) and that payer (NULL: any, or else nobody known), in
 * a new window when the last one began so many seconds ago.  Services and users have places of their own.  When all of
 * these are taken, the payer who has most of them, with the new one, loses the one whose window began first.  Never
 * NULL.
 */
struct loop *loops_one(struct loops *l, const char *key, const struct payer *payer,
    uint32_t seconds);

/* Writes the file and gives the lock back; 0, or -1 with errno. */
int loops_save(struct loops *l);
/* Gives the lock back. */
void loops_close(struct loops *l);

#endif
