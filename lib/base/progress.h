/* The words of a progress line and of the summary after it: how much, how small, how fast. */
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

/* Begins now; terminal is where progress_show writes. */
void progress_start(struct progress *p, int terminal);

/* The line for that many bytes in and out; NULL while the last one is younger than 0.1 s. */
const char *progress_due(struct progress *p, uint64_t in, uint64_t out);

/* Writes the line, when one is due, to the terminal in place of the last one.  progress is a struct progress. */
void progress_show(void *progress, uint64_t in, uint64_t out);

/* The line now: "421.3 MB in, 66.1 MB out, 15.7 %, 812 MB/s" (of the larger side). */
const char *progress_line(struct progress *p, uint64_t in, uint64_t out);

#endif
