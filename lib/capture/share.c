#define _GNU_SOURCE
#include "capture/share.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/number.h"
#include "capture/available.h"

/* Locked while entries are added up; behind them. */
#define TURN (SHARE_ENTRIES * sizeof(uint64_t))

/* A lock on some bytes that belongs to the descriptor, and ends with it (fcntl(2)). */
static int
lock(int fd, int command, short type, uint64_t at)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)at,
		.l_len = sizeof(uint64_t) };

	while (fcntl(fd, command, &l) < 0)
		if (errno != EINTR)
			return -1;
	return l.l_type;
}

static int
take_entry(struct share *s)
{
	for (s->entry = 0; s->entry < SHARE_ENTRIES; s->entry++)
		if (lock(s->fd, F_OFD_SETLK, F_WRLCK, s->entry * sizeof(uint64_t)) >= 0)
			return 0;
	s->percent = 0;
	s->bytes = 0;
	errno = EUSERS;
	return -1;
}

static int
write_entry(const struct share *s, uint64_t bytes)
{
	return io_pwrite(s->fd, &bytes, sizeof(bytes), s->entry * sizeof(bytes));
}

int
share_budget(struct share *s, const char *text)
{
	size_t n = strlen(text);
	char number[4] = "";
	uint64_t percent = 0, bytes = 0;

	if (n > 0 && n <= sizeof(number) && text[n - 1] == '%') {
		memcpy(number, text, n - 1);
		if (number_parse(number, 0, SHARE_PERCENT, &percent) < 0)
			return -1;
	} else if (number_size(text, 0, INT64_MAX, &bytes) < 0) {
		return -1;
	}
	s->percent = (unsigned)percent;
	s->bytes = bytes;
	return 0;
}

int
share_open(struct share *s, const char *path)
{
	struct stat st;
	int saved;

	s->fd = -1;
	if (path == NULL)
		return 0;
	if ((s->fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600)) < 0)
		return -1;
	if (fstat(s->fd, &st) == 0 && (!S_ISREG(st.st_mode) || st.st_uid != geteuid()))
		errno = EPERM;
	else if (take_entry(s) == 0 && write_entry(s, 0) == 0)
		return 0;
	saved = errno;
	share_close(s);
	errno = saved;
	return -1;
}

void
share_close(struct share *s)
{
	if (s->fd >= 0)
		io_close(s->fd);
	s->fd = -1;
}

/* What the others have, whose locks say that they are still there. */
static uint64_t
others(const struct share *s)
{
	uint64_t entry[SHARE_ENTRIES] = { 0 }, sum = 0;

	if (io_pread(s->fd, entry, sizeof(entry), 0) < 0)
		return UINT64_MAX;
	for (unsigned i = 0; i < SHARE_ENTRIES; i++)
		if (i != s->entry && entry[i] > 0 && entry[i] < UINT64_MAX - sum &&
		    lock(s->fd, F_OFD_GETLK, F_WRLCK, i * sizeof(uint64_t)) != F_UNLCK)
			sum += entry[i];
	return sum;
}

/* The budget of all, when captures have taken bytes already. */
static uint64_t
budget(const struct share *s, uint64_t taken)
{
	uint64_t available;

	if (s->percent == 0)
		return s->bytes;
	available = available_memory();
	return (available < UINT64_MAX - taken ? available + taken : available) / 100 * s->percent;
}

uint64_t
share_most(const struct share *s)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	if (s->percent == 0)
		return s->bytes;
	return pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page / 100 * s->percent : 0;
}

uint64_t
share_room(struct share *s, uint64_t have, uint64_t step)
{
	uint64_t taken, all;

	if (s->fd >= 0 && lock(s->fd, F_OFD_SETLKW, F_WRLCK, TURN) < 0)
		return have;
	taken = s->fd >= 0 ? others(s) : 0;
	all = budget(s, taken == UINT64_MAX ? 0 : taken + have);
	all = all > taken ? all - taken : 0;
	if (all > have + step)
		all = have + step;
	if (s->fd >= 0) {
		/* What cannot be told to the others is not taken. */
		if (write_entry(s, all) < 0)
			all = 0;
		lock(s->fd, F_OFD_SETLK, F_UNLCK, TURN);
	}
	return all;
}
