#include "store/report.h"

#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "record/record.h"

/* Appends to the last line what fits. */
static void
append(struct report *r, const char *text, size_t n)
{
	size_t *len = &r->len[r->count - 1], room = REPORT_LINE - *len;

	if (n > room)
		n = room;
	memcpy(r->line[r->count - 1] + *len, text, n);
	*len += n;
}

void
report_take(struct report *r, const char *text, size_t n)
{
	while (n > 0) {
		const char *end = memchr(text, '\n', n);
		size_t len = end != NULL ? (size_t)(end - text) : n;

		if (!r->open)
			r->count++;
		r->open = end == NULL;
		if (r->count <= REPORT_LINES)
			append(r, text, len);
		len += end != NULL;
		text += len;
		n -= len;
	}
}

void
report_line(struct report *r, const char *before, const char *text)
{
	/* A stage has not ended its last line. */
	if (r->open)
		report_take(r, "\n", 1);
	report_take(r, before, strlen(before));
	report_take(r, text, strlen(text));
	report_take(r, "\n", 1);
}

int
report_write(const struct report *r, int fd, int status)
{
	char text[RECORD_ESCAPED(REPORT_LINE) + 16];
	size_t n;

	for (unsigned long i = 0; i < r->count && i < REPORT_LINES; i++) {
		n = (size_t)sprintf(text, "error=");
		n += record_escape(text + n, r->line[i], r->len[i]);
		text[n++] = '\n';
		if (io_write(fd, text, n) < 0)
			return -1;
	}
	if (r->count > REPORT_LINES) {
		n = (size_t)sprintf(text, "errors_left_out=%lu\n", r->count - REPORT_LINES);
		if (io_write(fd, text, n) < 0)
			return -1;
	}
	if (status < 0)
		return 0;
	return io_write(fd, text, (size_t)sprintf(text, "status=%d\n", status));
}
