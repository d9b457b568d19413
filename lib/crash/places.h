/*
 * The processes that the kernel lets wait for a handler, /proc/sys/kernel/core_pipe_limit: beyond
 * these it drops crashes, whoever crashes.  Ordinary users may have some of these places only.
 */
#ifndef GZCORE_CRASH_PLACES_H
#define GZCORE_CRASH_PLACES_H

#include <stdint.h>

/*
 * How much of a user's crash is stored.  All users share a number of places; each user gets at most
 * half of what the other users leave.
 */
enum place {
	PLACE_WHOLE,	/* all: half of the places are shared for it */
	PLACE_SMALL,	/* the small core alone: three quarters are shared */
	PLACE_NONE	/* the record alone: the process does not wait */
};

/* How many places the kernel has; 0: any number, or it is not known. */
uint32_t places_limit(void);

/* If the kernel has more places, this many are counted: each costs several processes of root. */
#define PLACES_USED 64
/* The most turns. */
#define PLACES_MAX 4096

/*
 * Takes a place for a crash of that payer, one of limit (at least 1) places in the file that is open
 * for reading and writing as fd.  The place is taken, by a lock (fcntl(2), F_OFD_SETLK), as long as
 * any process has the descriptor, or until places_leave; one that was taken before by this
 * descriptor is given back.  *place is what may be stored; PLACE_NONE takes none.  Returns 0; -1
 * with errno when places cannot be counted: then all may be stored.
 */
int places_take(int fd, uint32_t limit, uint32_t payer, enum place *place);

/* Gives the place back: the kernel does not wait any more.  Returns 0, or -1 with errno. */
int places_leave(int fd);

/*
 * Waits for one of so many turns (at least 1), of which one payer may have half of what the others
 * leave, for at most so many seconds.  It lasts as long as any process has the descriptor.  Returns
 * 0, or -1 with errno, ETIMEDOUT when none came.
 */
int places_turn(int fd, uint32_t turns, uint32_t payer, uint32_t seconds);

#endif
