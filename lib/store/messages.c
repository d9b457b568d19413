#include "store/messages.h"

#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "record/record.h"

/* Appends to the last line what fits. */
static void
append(struct messages *m, const char *text, size_t n)
{
	size_t *len = &m->len[m->count - 1], room = MESSAGES_LINE - *len;

	if (n > room)
		n = room;
	memcpy(m->line[m->count - 1] + *len, text, n);
	*len += n;
}

void
messages_take(struct messages *m, const char *text, size_t n)
{
	while (n > 0) {
		const char *end = memchr(text, '\n', n);
		size_t len = end != NULL ? (size_t)(end - text) : n;

		if (!m->open)
			m->count++;
		m->open = end == NULL;
		if (m->count <= MESSAGES_LINES)
			append(m, text, len);
		len += end != NULL;
		text += len;
		n -= len;
	}
}

void
messages_line(struct messages *m, const char *before, const char *text)
{
	/* A stage has not ended its last line. */
	if (m->open)
		messages_take(m, "\n", 1);
	messages_take(m, before, strlen(before));
	messages_take(m, text, strlen(text));
	messages_take(m, "\n", 1);
}

int
messages_write(const struct messages *m, int fd, int status)
{
	char text[RECORD_ESCAPED(MESSAGES_LINE) + 16];
	size_t n;

	for (unsigned long i = 0; i < m->count && i < MESSAGES_LINES; i++) {
		n = (size_t)sprintf(text, "error=");
		n += record_escape(text + n, m->line[i], m->len[i]);
		text[n++] = '\n';
		if (io_write(fd, text, n) < 0)
			return -1;
	}
	if (m->count > MESSAGES_LINES) {
		n = (size_t)sprintf(text, "errors_left_out=%lu\n", m->count - MESSAGES_LINES);
		if (io_write(fd, text, n) < 0)
			return -1;
	}
	if (status < 0)
		return 0;
	return io_write(fd, text, (size_t)sprintf(text, "status=%d\n", status));
}
