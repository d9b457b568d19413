/* A queue before a directory: so many at once, the others wait. */
#ifndef GZCORE_STORE_QUEUE_H
#define GZCORE_STORE_QUEUE_H

/* The file in the directory whose bytes are the places, each a lock (fcntl(2), F_OFD_SETLK); it stays there. */
#define QUEUE_FILE ".gzcore.queue"
/* The most places. */
#define QUEUE_PLACES 4096

/*
 * Takes one of places (1 to QUEUE_PLACES) in the directory dir, within so many seconds (0: at once or not at
 * all).  Returns a descriptor that holds it until it is closed, with the process at the latest; -1 with errno,
 * ETIMEDOUT when none became free.
 */
int queue_enter(int dir, int places, int seconds);

/* How many of the places are taken, by its descriptor: ours among them, so 1 at least. */
int queue_taken(int fd, int places);

/*
 * The same with the one place of a file that is open to be written to, for as long as it is open anywhere: what
 * inherits the descriptor holds the place too.  Returns 0, or -1 with errno, as above.
 */
int queue_hold(int fd, int seconds);

#endif
