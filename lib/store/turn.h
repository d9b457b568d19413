/*
 * Work that is done by one process at a time, and may hang: in a process of its own, which the one that has the lock
 * watches.  So few wait, what hangs keeps nobody else waiting, and of what we write to it has pipes alone.
 */
#ifndef GZCORE_STORE_TURN_H
#define GZCORE_STORE_TURN_H

/* The most that wait or work. */
#define TURN_PLACES 16
/* When the work has used no processor for so long, it hangs: the lock is given to the next, ms. */
#define TURN_HANGS 2000
/* The longest words, with the terminator. */
#define TURN_WORDS 128

enum turn {
	TURN_WORK,	/* it is the process that is to do the work */
	TURN_DONE,	/* the work has been done, with that exit status */
	TURN_NONE,	/* there was no turn */
	TURN_LATE,	/* the work was ended, its time being up */
	TURN_KILLED,	/* a signal ended it */
	TURN_FAILED,	/* of the directory, or of the system: errno */
	TURN_UNWRITTEN	/* what it wrote could not be written: errno */
};

/* Whose places they are, and whose lock: each kind has one of its own. */
enum turn_kind {
	TURN_ANY,	/* all places */
	TURN_SOME	/* the first half of them: the others stay for those who may have any */
};

/*
 * Waits for the lock of a directory, at most wait seconds, as one of TURN_PLACES.  The places and the locks are bytes
 * of a file there, QUEUE_FILE; where no file can be made nobody is counted, and the lock is that of the directory
 * (flock(2)), for both kinds.  Then it returns TURN_WORK in a new process, and in this one when that has ended, or
 * after limit seconds, once what it wrote to descriptors 1 and 2 has been written there.  0 seconds are no bound.
 * words says why of TURN_NONE, TURN_LATE and TURN_KILLED.
 */
enum turn turn_take(const char *dir, enum turn_kind kind, unsigned wait, unsigned limit,
    int *status, char words[TURN_WORDS]);

/* For the process that works: from here on it hangs when it uses no processor; and it ends with the one that watches. */
void turn_begin(void);

#endif
