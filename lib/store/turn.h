/*
 * Work that only one process does at a time, and that may hang.  A child does the work, and the
 * process that holds the lock watches it.  A limited number wait, work that hangs makes nobody else
 * wait, and the child reaches our output only through pipes.
 */
#ifndef GZCORE_STORE_TURN_H
#define GZCORE_STORE_TURN_H

/* The most processes that wait or work. */
#define TURN_PLACES 16
/*
 * After this time without processor time the work counts as hanging, and the lock goes to the next,
 * ms.
 */
#define TURN_HANGS 2000
/* Bytes for the words, with the terminator. */
#define TURN_WORDS 128

enum turn {
	TURN_WORK,	/* this is the child that does the work */
	TURN_DONE,	/* the work was done, with that exit status */
	TURN_NONE,	/* no place, or no lock in time */
	TURN_LATE,	/* the work was ended after its time */
	TURN_KILLED,	/* a signal ended the work */
	TURN_FAILED,	/* an error of the directory or of the system: errno */
	TURN_UNWRITTEN	/* the output of the work could not be written: errno */
};

/* Which places a process may take; each kind has a lock of its own. */
enum turn_kind {
	TURN_ANY,	/* all places */
	TURN_SOME	/* the first half: the others are left for TURN_ANY */
};

/*
 * Waits for the lock of a directory, at most wait seconds, as one of TURN_PLACES.  The places and
 * the locks are bytes of a file there, QUEUE_FILE.  If the file cannot be made, processes are not
 * counted, and both kinds lock the directory itself (flock(2)).  Then it returns TURN_WORK in a new
 * child.  In this process it returns when the child has ended, or after limit seconds, once the
 * child's output to descriptors 1 and 2 was written there.  0 seconds mean no limit. words gives
 * the reason for TURN_NONE, TURN_LATE and TURN_KILLED.
 */
enum turn turn_take(const char *dir, enum turn_kind kind, unsigned wait, unsigned limit,
    int *status, char words[TURN_WORDS]);

/*
 * For the child: from now on it counts as hanging if it uses no processor; and it ends when its
 * watcher ends.
 */
void turn_begin(void);

#endif
