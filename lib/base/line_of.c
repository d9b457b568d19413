#include "base/line_of.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"

/* The most bytes of a file that are looked through. */
#define MOST (16u * 1024 * 1024)

int
line_of(const char *path, unsigned number, char *out, size_t len, struct timespec *changed)
{
	char piece[16384];
	size_t n = 0, read = 0;
	unsigned line = 1;
	struct stat st;
	ssize_t got = 0;
	int fd = io_open_regular(path, 1);

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0)
		*changed = st.st_mtim;
	while (line <= number && read < MOST &&
	    (got = io_read_some(fd, piece, sizeof(piece))) > 0) {
		read += (size_t)got;
		for (char *p = piece; p < piece + got && line <= number; p++) {
			if (*p == '\n')
				line++;
			else if (line == number && n + 1 < len)
				out[n++] = *p;
		}
	}
	io_close(fd);
	out[n] = '\0';
	/* The last line may have no end. */
	if (got < 0 || line < number || (line == number && n == 0)) {
		errno = got < 0 ? errno : ENOENT;
		return -1;
	}
	return (int)n;
}
