/*
 * How much memory a capture may use: a part of what is available, which all captures that run at
 * once share by a file in which each has an entry.
 */
#ifndef GZCORE_CAPTURE_SHARE_H
#define GZCORE_CAPTURE_SHARE_H

#include <stdint.h>

/* The most captures that share; a further one has no memory. */
#define SHARE_ENTRIES 256

struct share {
	unsigned percent;	/* of what is available and what captures have; 0: bytes */
	uint64_t bytes;		/* for all captures together */
	int fd;			/* the file, or -1: we are alone */
	unsigned entry;		/* ours */
};

/*
 * Takes a budget from a text: a part of what is available, such as 25%, or a size, such as 512M.
 * Returns 0, or -1 when it is neither.
 */
int share_budget(struct share *s, const char *text);
#define SHARE_PERCENT 90	/* the most */

/*
 * Joins those that share by the file of that path, which is made if it is not there; NULL: nobody.
 * Returns 0, or -1 with errno: then the budget is not shared, and all else works; with EUSERS
 * there are SHARE_ENTRIES already, and the budget is nothing.
 */
int share_open(struct share *s, const char *path);
void share_close(struct share *s);

/* An upper bound of what share_room returns, by the size of the machine alone. */
uint64_t share_most(const struct share *s);

/*
 * How many bytes this capture may use, which uses have of them: at most a step more, and perhaps
 * less than it has.  The file says that these are ours, until the next call.
 */
uint64_t share_room(struct share *s, uint64_t have, uint64_t step);

#endif
