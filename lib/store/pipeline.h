/* A pipeline of programs, in which the status of every stage counts. */
#ifndef GZCORE_STORE_PIPELINE_H
#define GZCORE_STORE_PIPELINE_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

/* The most stages of a pipeline. */
#define STAGES_MAX 16
/* How long a stage may take to end after SIGTERM before SIGKILL ends it, seconds. */
#define STAGES_GRACE 2

/* How often the limit on the file is adjusted, and messages are taken, ms. */
#define STAGES_TICK 50

struct stages {
	int count, started;
	/* The caller may set these between stages_split, which sets no limits, and stages_start. */
	int seconds;			/* how long they may take; 0: for ever */
	uint64_t (*limit)(void *arg);	/* the most bytes of their files now; NULL: any size */
	void *limit_arg;
	/*
	 * Takes what they write to standard error; NULL: it stays ours, or is copied there while
	 * there is a limit.
	 */
	void (*said)(void *arg, const char *text, size_t n);
	void *said_arg;
	int messages[2];		/* a pipe for their standard error; -1: ours */
	uint64_t most;			/* bytes that the first one, a copy, reads; 0: any */
	struct stage {
		char **argv;		/* terminated by NULL; argv[0] == NULL: copy in to out */
		const char *user;	/* as for owner_become; NULL: ours */
		pid_t pid;		/* 0 before the start and after the end */
		int status;		/* as from waitpid; a copy exits with its errno */
		int error;		/* the errno of an exec that failed, or 0 */
	} stage[STAGES_MAX + 1];	/* one for stages_limit_input */
};

/*
 * Splits argv in place at each "|" into stages: "|" becomes NULL, and the words still belong to the
 * caller.  "-u USER" in front of a stage is its user and that of the stages behind it, in place of
 * user.  Returns 0, or -1 if a stage is empty or there are too many.
 */
int stages_split(struct stages *p, char **argv, const char *user);

/*
 * Puts a copy in front of the stages that reads at most so many bytes.  If there are more it fails,
 * with EOVERFLOW.
 */
void stages_limit_input(struct stages *p, uint64_t most);

/*
 * Blocks the signals that stages_wait waits for, so that none is missed.  Call it first; the stages
 * start with the mask and dispositions from before.
 */
void stages_block(void);

/*
 * Starts every stage: the first reads descriptor 0, the last writes out.  As soon as the first has
 * it, our own descriptor 0 becomes /dev/null, so that a writer that waits for the last reader of
 * the pipe does not wait for us.  Returns 0, or -1 with errno if a process or pipe could not be
 * made: then the stages that had started have been ended.
 */
int stages_start(struct stages *p, int out);

/*
 * Waits until all stages have ended.  SIGTERM, SIGINT or SIGHUP, unless ignored, and the end of
 * their time end them: by SIGTERM, and after STAGES_GRACE by SIGKILL.  Returns that signal, SIGALRM
 * for the time, or 0.  If limit is set, the stages have a limit on file sizes that follows it
 * (RLIMIT_FSIZE, with SIGXFSZ ignored: writing more fails with EFBIG). Their standard error is then
 * passed on to ours, which may be a larger file.
 */
int stages_wait(struct stages *p);

/* Whether the stage was started, ran to its end and returned 0. */
int stage_ok(const struct stage *s);

#endif
