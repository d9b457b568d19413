#define _DEFAULT_SOURCE
#include "base/terminal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/io.h"
#include "base/number.h"

int
terminal_ask(const char *question, char *line, size_t len)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	ssize_t n = -1;

	if (tty < 0)
		return -1;
	/* A terminal gives a line at a time. */
	if (io_write(tty, question, strlen(question)) == 0)
		n = io_read_some(tty, line, len - 1);
	io_close(tty);
	if (n <= 1 || line[n - 1] != '\n')
		return 1;
	line[n - 1] = '\0';
	return 0;
}

unsigned
terminal_width(int fd)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size = { .ws_col = 0 };
	uint64_t n;

	if (!isatty(fd))
		return 0;
	if (columns != NULL && number_parse(columns, 1, 10000, &n) == 0)
		return (unsigned)n;
	return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

int
terminal_colours(int fd)
{
	const char *none = getenv("NO_COLOR"), *kind = getenv("TERM");

	return isatty(fd) && (none == NULL || *none == '\0') &&
	    (kind == NULL || strcmp(kind, "dumb") != 0);
}

size_t
terminal_fit(char *out, const char *text, size_t len, size_t width)
{
	size_t dots = width > 3 ? 3 : 0, end = len <= width ? 0 : (width - dots) / 2,
	    start = len <= width ? len : width - dots - end, n = 0;

	/* Nothing may be at no address. */
	if (start > 0)
		memcpy(out, text, start);
	n = start;
	if (len > width) {
		memcpy(out + n, "...", dots);
		memcpy(out + n + dots, text + len - end, end);
		n = width;
	}
	out[n] = '\0';
	for (char *p = out; p < out + n; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return n;
}
