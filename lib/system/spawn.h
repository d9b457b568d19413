/* Starting a child process with given descriptors; reports why a program could not be executed. */
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
	/* result: the errno with which prepare or executing the program failed, or 0 */
	int error;
};

/*
 * Starts a child, and waits until it has executed its program or failed.  The child has our other
 * descriptors except those with O_CLOEXEC, and our signal mask and dispositions unless prepare
 * changes them.  SIGCHLD is no longer ignored, in the child and here, since an ended child would
 * leave no status.
 *
 * Returns the child's process ID, for which the caller must wait, also if error is set: then the
 * child exits with SPAWN_FAILED.  Returns 0 in the child if argv is NULL.  Returns -1 with errno if
 * no child could be made.
 */
pid_t spawn_start(struct spawn *s);
#define SPAWN_FAILED 127

/*
 * Waits until a child has ended.  Returns its status as from waitpid(2), or 0 if it is no child of
 * ours.
 */
int spawn_wait(pid_t pid);

#endif
