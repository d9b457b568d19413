/* A queue for a directory: a limited number of processes work at once, the others wait. */
#ifndef GZCORE_STORE_QUEUE_H
#define GZCORE_STORE_QUEUE_H

/*
 * The file in the directory whose bytes are the places; a lock on a byte (fcntl(2), F_OFD_SETLK)
 * takes it.  It stays.
 */
#define QUEUE_FILE ".gzcore.queue"
/* The most places. */
#define QUEUE_PLACES 4096

/*
 * Takes one of places (1 to QUEUE_PLACES) in the directory dir, within this many seconds (0: does
 * not wait).  Returns a descriptor that holds the place until it is closed, at the latest when the
 * process ends; -1 with errno, ETIMEDOUT if none became free.
 */
int queue_enter(int dir, int places, int seconds);

/* How many of the places are taken, including ours, whose descriptor is fd: at least 1. */
int queue_taken(int fd, int places);

/*
 * Takes the only place of a file that is open for writing, for as long as it is open anywhere: a
 * process that inherits the descriptor holds the place too.  Returns 0, or -1 with errno, as above.
 */
int queue_hold(int fd, int seconds);

#endif
