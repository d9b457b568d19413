#define _GNU_SOURCE
#include "base/io.h"

#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
io_std(void)
{
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* The lowest free number is fd, since all below are open. */
		if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			return -1;
	}
	return 0;
}

/* Where the kernel cannot close them all at once: how many a process may have, unless it asks. */
#define MOST_USUAL 1024

void
io_close_others(int except)
{
#ifdef SYS_close_range
	if ((except <= 3 || syscall(SYS_close_range, 3u, (unsigned)except - 1, 0u) == 0) &&
	    syscall(SYS_close_range, except >= 3 ? (unsigned)except + 1 : 3u, ~0u, 0u) == 0)
		return;
#endif
	for (int fd = 3; fd < MOST_USUAL; fd++)
		if (fd != except)
			close(fd);
}

void
io_most_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

int
io_open(const char *path)
{
	struct stat st;
	int fd;

	if (path == NULL || strcmp(path, "-") == 0)
		fd = STDIN_FILENO;
	else if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		if (fd != STDIN_FILENO)
			close(fd);
		errno = EISDIR;
		return -1;
	}
	return fd;
}

void
io_wait(int fd, int write)
{
	struct pollfd p = { .fd = fd, .events = write ? POLLOUT : POLLIN };

	poll(&p, 1, -1);
}

/* For read_once: at the position that the descriptor has. */
#define HERE UINT64_MAX

/* One read, from byte off or HERE. */
static ssize_t
read_once(int fd, void *buf, size_t len, uint64_t off)
{
	if (len > SSIZE_MAX)
		len = SSIZE_MAX;
	if (off != HERE && off > INT64_MAX) {
		errno = EOVERFLOW;
		return -1;
	}
	for (;;) {
		ssize_t n = off == HERE ? read(fd, buf, len) : pread(fd, buf, len, (off_t)off);

		if (n >= 0)
			return n;
		if (errno == EAGAIN && off == HERE)
			io_wait(fd, 0);
		else if (errno != EINTR)
			return -1;
	}
}

/* Reads until len bytes or the end. */
static ssize_t
read_all(int fd, void *buf, size_t len, uint64_t off)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read_once(fd, (char *)buf + done, len - done,
		    off == HERE ? HERE : off + done);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

ssize_t
io_read_some(int fd, void *buf, size_t len)
{
	return read_once(fd, buf, len, HERE);
}

ssize_t
io_read(int fd, void *buf, size_t len)
{
	return read_all(fd, buf, len, HERE);
}

ssize_t
io_pread_some(int fd, void *buf, size_t len, uint64_t off)
{
	ssize_t n;

	do {
		n = pread(fd, buf, len, (off_t)off);
	} while (n < 0 && errno == EINTR);
	return n;
}

ssize_t
io_pread(int fd, void *buf, size_t len, uint64_t off)
{
	if (off > INT64_MAX) {
		errno = EOVERFLOW;
		return -1;
	}
	return read_all(fd, buf, len, off);
}

int
io_write(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n >= 0) {
			p += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			io_wait(fd, 1);
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

int
io_pwrite(int fd, const void *buf, size_t len, uint64_t off)
{
	const char *p = buf;

	if (off > INT64_MAX || len > INT64_MAX - off) {
		errno = EFBIG;
		return -1;
	}
	while (len > 0) {
		ssize_t n = pwrite(fd, p, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int
io_close(int fd)
{
	/* Linux frees the descriptor also when close is interrupted: never again. */
	return close(fd) < 0 && errno != EINTR ? -1 : 0;
}

int
io_put(void *fd, const char *text, size_t len)
{
	return io_write(*(int *)fd, text, len);
}

int
io_regular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

int
io_stored(int fd)
{
	static const uint64_t kernel[] = {
		PROC_SUPER_MAGIC, SYSFS_MAGIC, TRACEFS_MAGIC, DEBUGFS_MAGIC, SECURITYFS_MAGIC,
		CGROUP_SUPER_MAGIC,
		CGROUP2_SUPER_MAGIC,
	};
	struct statfs fs;

	if (!io_regular(fd) || fstatfs(fd, &fs) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(kernel) / sizeof(*kernel); i++)
		if (kernel[i] == (uint64_t)fs.f_type)
			return 0;
	return 1;
}

static int (*elsewhere)(const char *path, int links);

void
io_open_elsewhere(int (*open)(const char *path, int links))
{
	elsewhere = open;
}

int
io_open_regular(const char *path, int links)
{
	int at, fd = -1, saved = EINVAL;
	char same[32];

	if (elsewhere != NULL)
		return elsewhere(path, links);
	if ((at = open(path, O_PATH | O_CLOEXEC | (links ? 0 : O_NOFOLLOW))) < 0)
		return -1;
	if (io_stored(at)) {
		/* The very file, whatever its name has come to mean. */
		snprintf(same, sizeof(same), "/proc/self/fd/%d", at);
		fd = open(same, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		saved = errno;
	}
	close(at);
	errno = saved;
	return fd;
}

void *
io_buffer(size_t len)
{
	void *p = NULL;

	errno = posix_memalign(&p, IO_ALIGN, len);
	return errno == 0 ? p : NULL;
}

void *
io_huge_buffer(size_t len)
{
	static const size_t huge = 2 * 1024 * 1024;
	void *p = NULL;

	if (len < huge)
		return io_buffer(len);
	if ((errno = posix_memalign(&p, huge, len)) != 0)
		return NULL;
	/* Best effort: small pages do as well. */
	(void)madvise(p, len - len % huge, MADV_HUGEPAGE);
	return p;
}

int
io_copy(int in, int out)
{
	static const size_t size = 128 * 1024;
	char *buf = io_buffer(size);
	int rc = 0;

	if (buf == NULL)
		return IO_READ;
	for (;;) {
		ssize_t n = io_read_some(in, buf, size);

		if (n < 0)
			rc = IO_READ;
		else if (n > 0 && io_write(out, buf, (size_t)n) < 0)
			rc = IO_WRITE;
		if (n <= 0 || rc != 0)
			break;
	}
	free(buf);
	return rc;
}

int
io_tmpfile_in(const char *dir)
{
	char path[PATH_MAX];
	int fd;

	if ((fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) >= 0)
		return fd;
	if ((size_t)snprintf(path, sizeof(path), "%s/gzcore.XXXXXX", dir) >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if ((fd = mkostemp(path, O_CLOEXEC)) >= 0)
		unlink(path);
	return fd;
}

int
io_tmpfile(void)
{
	const char *dir = getenv("TMPDIR");

	return io_tmpfile_in(dir == NULL || *dir == '\0' ? "/tmp" : dir);
}

int
io_seekable(int fd)
{
	struct stat st;
	int tmp;

	if (fstat(fd, &st) < 0)
		return -1;
	if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))
		return fd;
	if ((tmp = io_tmpfile()) < 0)
		return -1;
	if (io_copy(fd, tmp) != 0 || lseek(tmp, 0, SEEK_SET) < 0) {
		int saved = errno;

		close(tmp);
		errno = saved;
		return -1;
	}
	return tmp;
}
