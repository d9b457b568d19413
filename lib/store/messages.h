/*
 * What a program and its stages have to say, kept until it has ended: a few lines, escaped as in a
 * record.
 */
#ifndef GZCORE_STORE_MESSAGES_H
#define GZCORE_STORE_MESSAGES_H

#include <stddef.h>

/* The most lines that are kept, and the most bytes of each before they are escaped. */
#define MESSAGES_LINES 20
#define MESSAGES_LINE 500

struct messages {
	char line[MESSAGES_LINES][MESSAGES_LINE];
	size_t len[MESSAGES_LINES];
	unsigned long count;	/* lines that have begun, those that are not kept too */
	int open;		/* the last one has no newline yet */
};

/*
 * No messages are all zeros.  Takes text[n], lines of any bytes; the last may go on with the
 * next call.
 */
void messages_take(struct messages *m, const char *text, size_t n);

/* Takes a message of our own as a line: before and text. */
void messages_line(struct messages *m, const char *before, const char *text);

/*
 * Writes lines error=TEXT to fd, errors_left_out=N when there were more, and status=N unless status
 * is negative.  Each is one write of less than PIPE_BUF bytes.  Returns 0, or -1 with errno.
 */
int messages_write(const struct messages *m, int fd, int status);

#endif
