/* A pipeline of which the status of every stage counts. */
#ifndef GZCORE_STORE_PIPELINE_H
#define GZCORE_STORE_PIPELINE_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

/* The most stages of a pipeline. */
#define STAGES_MAX 16
/* How long a stage may take to end after SIGTERM before SIGKILL ends it, seconds. */
#define STAGES_GRACE 2

/* How often the limit on the file is asked for, ms. */
#define STAGES_TICK 50

struct stages {
	int count;
	/* The caller's, between stages_split and stages_start; as stages_split leaves them they bound nothing. */
	const char *user;		/* who the stages are, as for owner_become; NULL: who we are */
	int seconds;			/* how long they may take; 0: for ever */
	uint64_t (*limit)(void *arg);	/* how long a file of theirs may be by now, bytes; NULL: any length */
	void *limit_arg;
	int messages[2];		/* a pipe for their standard error; -1: it is ours */
	struct stage {
		char **argv;		/* terminated by NULL; argv[0] == NULL: copy in to out */
		pid_t pid;		/* 0 before the start and after the end */
		int status;		/* as waitpid gives it, once it has ended; a copy exits with its errno */
		int error;		/* the errno of an exec that failed, or 0 */
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
 * has it, our own descriptor 0 becomes /dev/null: whoever waits for the last reader of that pipe
 * to close it does not wait for us.  Returns 0, or -1 with errno when no process or pipe was to
 * be had: what had started has been ended.
 */
int stages_start(struct stages *p, int out);

/*
 * Waits for all stages to end.  SIGTERM, SIGINT or SIGHUP, unless ignored, and the end of their time end
 * them: SIGTERM, then SIGKILL after STAGES_GRACE.  Returns that signal, SIGALRM for the time, or 0.  While
 * there is a limit on files (RLIMIT_FSIZE, with SIGXFSZ ignored: writing more is EFBIG) it follows limit, and
 * what stages write to standard error is passed on to ours, which may be a longer file.
 */
int stages_wait(struct stages *p);

/* Whether the stage was started, ran to its end and returned 0. */
int stage_ok(const struct stage *s);

#endif
