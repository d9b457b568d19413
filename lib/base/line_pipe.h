/* Lines into a pipe that others write to as well: each line stays whole. */
#ifndef GZCORE_BASE_LINE_PIPE_H
#define GZCORE_BASE_LINE_PIPE_H

#include <limits.h>
#include <stddef.h>

/*
 * All zeros but for fd.  A write of at most PIPE_BUF bytes is not mixed with those of others
 * (pipe(7)), so only whole lines are written, and a longer line is cut: what followed a cut in it
 * would look like a line of its own.
 */
struct line_pipe {
	int fd;
	int cut;		/* the rest of this line is dropped */
	size_t len;
	char text[PIPE_BUF];	/* what was not written yet */
};

/* Takes some text, any part of lines; arg is a struct line_pipe.  Returns 0, or -1 with errno. */
int line_pipe_put(void *arg, const char *text, size_t len);

/* Writes what is left.  Returns 0, or -1 with errno. */
int line_pipe_flush(struct line_pipe *p);

#endif
