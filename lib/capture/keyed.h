/*
 * Whether some memory has a protection key: the kernel may write zeros for it, where we can read
 * data.  A thread finds out while the others read.
 */
#ifndef GZCORE_CAPTURE_KEYED_H
#define GZCORE_CAPTURE_KEYED_H

#include <pthread.h>
#include <sys/types.h>

struct keyed {
	pthread_mutex_t lock;
	pthread_t thread;
	int fd;			/* -1: nothing is asked */
	int running, known;
	int rc, error;		/* as mappings_keyed */
};

/* Returns 0, or -1 with errno.  keyed_close is called in both cases, and waits for the thread. */
int keyed_open(struct keyed *k, pid_t pid);
void keyed_close(struct keyed *k);

/* Waits for the answer: 1 yes, 0 no, -1 with errno.  Any thread may call it, also again. */
int keyed_await(struct keyed *k);

#endif
