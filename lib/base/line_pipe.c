#define _GNU_SOURCE
#include "base/line_pipe.h"

#include <string.h>

#include "base/io.h"

/* An escape of a record, a backslash and four digits, is cut as a whole. */
#define ESCAPE 5

/* Ends the line that fills the buffer. */
static void
cut_line(struct line_pipe *p)
{
	size_t end = sizeof(p->text) - 1;

	for (size_t back = 1; back < ESCAPE; back++)
		if (p->text[end - back] == '\\') {
			end -= back;
			break;
		}
	p->text[end] = '\n';
	p->len = end + 1;
	p->cut = 1;
}

static int
write_lines(struct line_pipe *p)
{
	const char *last = memrchr(p->text, '\n', p->len);
	size_t whole, rest;
	int rc;

	if (last == NULL)
		cut_line(p);
	whole = last != NULL ? (size_t)(last + 1 - p->text) : p->len;
	rest = p->len - whole;
	rc = io_write(p->fd, p->text, whole);
	memmove(p->text, p->text + whole, rest);
	p->len = rest;
	return rc;
}

int
line_pipe_put(void *arg, const char *text, size_t len)
{
	struct line_pipe *p = arg;

	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t some = end != NULL ? (size_t)(end + 1 - text) : len;

		if (p->cut) {
			p->cut = end == NULL;
		} else {
			if (some > sizeof(p->text) - p->len)
				some = sizeof(p->text) - p->len;
			memcpy(p->text + p->len, text, some);
			p->len += some;
			if (p->len == sizeof(p->text) && write_lines(p) < 0)
				return -1;
		}
		text += some;
		len -= some;
	}
	return 0;
}

int
line_pipe_flush(struct line_pipe *p)
{
	int rc = p->len > 0 ? io_write(p->fd, p->text, p->len) : 0;

	p->len = 0;
	return rc;
}
