#include "base/terminal.h"

#include <fcntl.h>
#include <string.h>

#include "base/io.h"

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
