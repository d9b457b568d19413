/* A pipeline of programs: the status of every one of them counts. */
#ifndef GZCORE_STORE_PIPELINE_H
#define GZCORE_STORE_PIPELINE_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

/* The most stages of a pipeline. */
#define STAGES_MAX 16
/* How long a stage may take to end after SIGTERM before SIGKILL ends it, seconds. */
#define STAGES_GRACE 2

/* How often the limit on the file is asked for, and messages are taken, ms. */
#define STAGES_TICK 50

struct stages {
	int count;
	/*
	 * The caller's, between stages_split and stages_start; as stages_split leaves them they
	 * bound nothing.
	 */
	const char *user;		/* of the stages, as for owner_become; NULL: ours */
	int seconds;			/* how long they may take; 0: for ever */
	uint64_t (*limit)(void *arg);	/* the most bytes of their file by now; NULL: any */
	void *limit_arg;
	/*
	 * Takes what they write to standard error; NULL: it stays ours, or is copied there while
	 * there is a limit.
	 */
	void (*said)(void *arg, const char *text, size_t n);
	void *said_arg;
	int messages[2];		/* a pipe for their standard error; -1: it is ours */
	struct stage {
		char **argv;	/* terminated by NULL; argv[0] == NULL: copy in to out */
		pid_t pid;	/* 0 before the start and after the end */
		int status;	/* of waitpid, at the end; a copy exits with its errno */
		int error;	/* the errno of an exec that failed, or 0 */
	} stage[STAGES_MAX];
};

/*
 * Splits argv at each "|" into stages, in place: the words stay the caller's, "|" becomes NULL.
 * Returns 0, or -1 when a stage is empty or there are too many.
 */
int stages_split(struct stages *p, char **argv);

/*
 * Blocks the signals that stages_wait waits for, so that none is missed.  To be called first; the
 * stages start with the mask and dispositions that were before.
 */
void stages_block(void);

/*
 * Starts every stage: the first reads descriptor 0, the last writes out.  As soon as the first
 * stage has descriptor 0, our own becomes /dev/null: a writer that waits until all readers of that
 * pipe have closed it does not wait for us. Returns 0, or -1 with errno when there is no process or
 * pipe: the stages that had started have been ended.
 */
int stages_start(struct stages *p, int out);

/*
 * Waits for all stages to end.  SIGTERM, SIGINT or SIGHUP, unless ignored, and the end of their
 * time end them: SIGTERM, then SIGKILL after STAGES_GRACE.  Returns that signal, SIGALRM for the
 * time, or 0.  A limit on files (RLIMIT_FSIZE, with SIGXFSZ ignored: writing more is EFBIG) follows
 * limit.  It would hold for messages too, when our standard error is a longer file, so they come
 * through a pipe.
 */
int stages_wait(struct stages *p);

/* Whether the stage was started, ran to its end and returned 0. */
int stage_ok(const struct stage *s);

#endif
