/*
 * The C library's open is replaced for the whole process, shared libraries too: libdw has no callback for
 * the files that it opens by the names that a core gives.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>

#include "base/io.h"
#include "system/open_guard.h"

/* By their names for the linker: <fcntl.h> makes one of the two where a file's size has 64 bits. */
int open_guard_open(const char *path, int flags, ...) __asm__("open");
int open_guard_open64(const char *path, int flags, ...) __asm__("open64");

/* NULL: off. */
static const struct open_guard *guard;

/* Whether there is a mode: O_TMPFILE is a bit of its own and O_DIRECTORY. */
static int
creates(int flags)
{
	return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

void
open_guard(const struct open_guard *g)
{
	guard = g;
}

/* Why the file of that path is not to be opened, an errno, or 0. */
static int
refused(const char *path)
{
	int why = guard->ask != NULL ? guard->ask(guard->arg, path) : 0, at;

	if (why != 0)
		return why;
	if ((at = openat(AT_FDCWD, path, O_PATH | O_CLOEXEC)) < 0)
		return errno;
	why = io_stored(at) ? 0 : EACCES;
	io_close(at);
	return why;
}

static int
guarded_open(const char *path, int flags, mode_t mode)
{
	int fd = -1, why;

	/* debuginfod's cache creates files: no name of the core leads to these. */
	if (guard == NULL || creates(flags))
		return openat(AT_FDCWD, path, flags, mode);
	if (guard->instead != NULL && (fd = guard->instead(guard->arg, path)) >= 0)
		return fd;
	/* Should it be another by now: no waiting, no terminal of ours, and nothing is read. */
	if ((why = refused(path)) == 0 &&
	    (fd = openat(AT_FDCWD, path, flags | O_NONBLOCK | O_NOCTTY)) < 0)
		why = errno;
	if (fd >= 0 && !io_stored(fd)) {
		io_close(fd);
		fd = -1;
		why = EACCES;
	}
	if (fd < 0 && guard->failed != NULL)
		guard->failed(guard->arg, path, why);
	if (fd < 0)
		errno = why;
	return fd;
}

#define OPEN(name) \
	int name(const char *path, int flags, ...) \
	{ \
		mode_t mode = 0; \
		va_list ap; \
\
		if (creates(flags)) { \
			va_start(ap, flags); \
			mode = va_arg(ap, mode_t); \
			va_end(ap); \
		} \
		return guarded_open(path, flags, mode); \
	}

OPEN(open_guard_open)
OPEN(open_guard_open64)
