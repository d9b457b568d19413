/* The text of a progress line and of the summary after it: amount, ratio and speed. */
#ifndef GZCORE_BASE_PROGRESS_H
#define GZCORE_BASE_PROGRESS_H

#include <stdint.h>

/* Bytes for a line, with its terminator. */
#define PROGRESS_LINE 96

struct progress {
	uint64_t start, shown;	/* nanoseconds of the monotonic clock */
	int terminal;		/* the descriptor for progress_show */
	char line[PROGRESS_LINE];
};

/* Starts the clock; terminal is the descriptor that progress_show writes to. */
void progress_start(struct progress *p, int terminal);

/*
 * Returns the line for that many bytes in and out; NULL if the last one was shown less than 0.1 s
 * ago.
 */
const char *progress_due(struct progress *p, uint64_t in, uint64_t out);

/*
 * Writes the line, if one is due, to the terminal in place of the last one.  progress is a struct
 * progress.
 */
void progress_show(void *progress, uint64_t in, uint64_t out);

/*
 * Returns the line in any case: "421.3 MB in, 66.1 MB out, 15.7 %, 812 MB/s" (the speed of the
 * larger side).
 */
const char *progress_line(struct progress *p, uint64_t in, uint64_t out);

#endif
