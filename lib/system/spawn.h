/* Starting a child: what its descriptors are, and why a program could not be executed. */
#ifndef GZCORE_SYSTEM_SPAWN_H
#define GZCORE_SYSTEM_SPAWN_H

#include <sys/types.h>

/* For a descriptor of the child. */
#define SPAWN_SAME (-1)		/* as ours */
#define SPAWN_CLOSED (-2)	/* not open */

struct spawn {
	/* a program, found by PATH, and its arguments; NULL: none, a copy of ours */
	char *const *argv;
	/* descriptors 0 to 2 of the child: each is that number itself or above 2 */
	int fd[3];
	/* called in the child, with these descriptors; 0, or -1 with errno; or NULL */
	int (*prepare)(void *arg);
	void *arg;
	/* what comes back: the errno for which the child could not be what it should, or 0 */
	int error;
};

/*
 * Starts a child, and waits until it is what it should be.  It has our other descriptors but those that are O_CLOEXEC,
 * and our signal mask and dispositions unless prepare changes them; SIGCHLD is no longer ignored, by us neither, since
 * an ended child would leave no status behind.
 *
 * Returns the child's process ID, which the caller has to wait for, also when error is set: it exits with
 * SPAWN_FAILED then.  Returns 0 in the child when argv is NULL.  Returns -1 with errno when there is no child.
 */
pid_t spawn_start(struct spawn *s);
#define SPAWN_FAILED 127

/* Waits for the end of a child.  Returns its status as waitpid(2) gives it, 0 when it is no child of ours. */
int spawn_wait(pid_t pid);

#endif
