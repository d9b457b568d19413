#define _GNU_SOURCE
#include "system/rooted.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/io.h"

/* struct open_how and its flags, from <linux/openat2.h>, which older headers lack. */
struct how {
	uint64_t flags, mode, resolve;
};
#define NO_MAGICLINKS 0x02
#define IN_ROOT 0x10

/* The most directories below the root, and the most links on the way, as many as the kernel follows. */
#define DEPTH 128
#define LINKS 40

/* openat2 with the directory as root; -1 with errno. */
static int
open_by_kernel(int root, const char *path)
{
#ifdef SYS_openat2
	struct how how = { .flags = O_PATH | O_CLOEXEC, .resolve = IN_ROOT | NO_MAGICLINKS };
	int fd, tries = 0;

	/* EAGAIN: something was renamed meanwhile. */
	do {
		fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	} while (fd < 0 && errno == EAGAIN && ++tries < 8);
	return fd;
#else
	(void)root;
	(void)path;
	errno = ENOSYS;
	return -1;
#endif
}

/* A walk through the parts of a path. */
struct walk {
	int at[DEPTH];			/* the root and the directories that were entered */
	int depth;
	int links;
	char rest[2 * PATH_MAX];	/* of the path */
};

static void
leave(struct walk *w)
{
	if (w->depth > 1)
		io_close(w->at[--w->depth]);
}

/* Puts the target of a link before the rest of the path; -1 with errno. */
static int
follow_link(struct walk *w, int link, const char *rest)
{
	char target[2 * PATH_MAX];
	ssize_t n = readlinkat(link, "", target, PATH_MAX);
	size_t len = strlen(rest);

	if (n < 0)
		return -1;
	if (++w->links > LINKS || n == PATH_MAX || (size_t)n + 1 + len >= sizeof(target)) {
		errno = w->links > LINKS ? ELOOP : ENAMETOOLONG;
		return -1;
	}
	while (target[0] == '/' && w->depth > 1)
		leave(w);
	target[n] = '/';
	memcpy(target + n + 1, rest, len + 1);
	strcpy(w->rest, target);
	return 0;
}

/*
 * Goes one part further.  Returns 1 to go on, 0 with the file in *found when that was the last part, or -1 with errno.
 */
static int
step(struct walk *w, int *found)
{
	char *part = w->rest + strspn(w->rest, "/"), *end = part + strcspn(part, "/");
	char *rest = end + strspn(end, "/");
	const int last = *rest == '\0';
	char target[1];
	int fd, rc = 1;

	if (*part == '\0') {
		errno = EINVAL;
		return -1;
	}
	*end = '\0';
	if (strcmp(part, ".") == 0 || strcmp(part, "..") == 0) {
		if (part[1] == '.')
			leave(w);
		memmove(w->rest, rest, strlen(rest) + 1);
		return 1;
	}
	if ((fd = openat(w->at[w->depth - 1], part, O_PATH | O_CLOEXEC | O_NOFOLLOW)) < 0)
		return -1;
	if (readlinkat(fd, "", target, sizeof(target)) >= 0) {
		rc = follow_link(w, fd, rest) < 0 ? -1 : 1;
	} else if (last) {
		*found = fd;
		return 0;
	} else if (w->depth == DEPTH) {
		errno = ENAMETOOLONG;
		rc = -1;
	} else {
		w->at[w->depth++] = fd;
		memmove(w->rest, rest, strlen(rest) + 1);
		return 1;
	}
	io_close(fd);
	return rc;
}

/* The same as open_by_kernel, without openat2. */
static int
open_by_steps(int root, const char *path)
{
	struct walk w = { .at = { root }, .depth = 1 };
	int found = -1, rc, saved;

	if (strlen(path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(w.rest, path);
	do {
		rc = step(&w, &found);
	} while (rc > 0);
	saved = errno;
	while (w.depth > 1)
		leave(&w);
	errno = saved;
	return rc == 0 ? found : -1;
}

int
rooted_root(const char *path)
{
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int
rooted_open(int root, const char *path)
{
	int at = open_by_kernel(root, path), fd;
	char same[32];

	if (at < 0 && (errno == ENOSYS || errno == EPERM || errno == E2BIG || errno == EINVAL))
		at = open_by_steps(root, path);
	if (at < 0)
		return -1;
	/* The very file, whatever its name has come to mean. */
	snprintf(same, sizeof(same), "/proc/self/fd/%d", at);
	fd = io_open_regular(same, 1);
	if (fd < 0) {
		int saved = errno;

		io_close(at);
		errno = saved;
		return -1;
	}
	io_close(at);
	return fd;
}
