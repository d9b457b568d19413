#define _GNU_SOURCE
#include "crash/places.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/number.h"

/* The file has for each place who has it; the byte behind these is locked while they are counted. */
#define ENTRY sizeof(uint32_t)
#define TURN (PLACES_MAX * ENTRY)

/* Locks or unlocks len bytes, or asks who has them locked: the lock's type, or -1 with errno. */
static int
lock(int fd, int command, short type, uint64_t at, uint64_t len)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)at,
		.l_len = (off_t)len };

	while (fcntl(fd, command, &l) < 0)
		if (errno != EINTR)
			return -1;
	return l.l_type;
}

/* How many places are taken, by all and by one payer, and one that is free. */
struct count {
	uint32_t all, own;
	uint32_t free;		/* the first; as many as there are: none */
};

static int
count_taken(struct count *c, int fd, uint32_t places, uint32_t payer)
{
	static uint32_t entry[PLACES_MAX];

	*c = (struct count){ .free = places };
	if (io_pread(fd, entry, places * ENTRY, 0) < 0)
		return -1;
	for (uint32_t i = 0; i < places; i++) {
		int type = lock(fd, F_OFD_GETLK, F_WRLCK, i * ENTRY, ENTRY);

		if (type < 0)
			return -1;
		if (type != F_UNLCK) {
			c->all++;
			c->own += entry[i] == payer;
		} else if (c->free == places) {
			c->free = i;
		}
	}
	return 0;
}

/* Whether one more is within most places, of which one payer may have half. */
static int
within(const struct count *c, uint32_t most)
{
	return c->all < most && c->own < (most + 1) / 2;
}

static int
take(int fd, uint32_t limit, uint32_t payer, enum place *place)
{
	uint32_t half = (limit + 1) / 2, most = limit - limit / 4;
	struct count c;

	/* Our own locks are none to us. */
	if (lock(fd, F_OFD_SETLK, F_UNLCK, 0, TURN) < 0 || count_taken(&c, fd, most, payer) < 0)
		return -1;
	*place = within(&c, half) ? PLACE_WHOLE : within(&c, most) ? PLACE_SMALL : PLACE_NONE;
	if (*place == PLACE_NONE)
		return 0;
	if (io_pwrite(fd, &payer, sizeof(payer), c.free * ENTRY) < 0)
		return -1;
	return lock(fd, F_OFD_SETLK, F_WRLCK, c.free * ENTRY, ENTRY) < 0 ? -1 : 0;
}

uint32_t
places_limit(void)
{
	int fd = open("/proc/sys/kernel/core_pipe_limit", O_RDONLY | O_CLOEXEC);
	char text[16];
	uint64_t limit = 0;
	ssize_t n = fd < 0 ? 0 : io_read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		io_close(fd);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return number_parse(text, 0, UINT32_MAX, &limit) == 0 ? (uint32_t)limit : 0;
}

int
places_take(int fd, uint32_t limit, uint32_t payer, enum place *place)
{
	int rc, saved;

	*place = PLACE_WHOLE;
	if (limit > PLACES_MAX)
		limit = PLACES_MAX;
	/* This lock is our process's: nobody who inherits the descriptor keeps it. */
	if (lock(fd, F_SETLKW, F_WRLCK, TURN, 1) < 0)
		return -1;
	if ((rc = take(fd, limit, payer, place)) < 0)
		*place = PLACE_WHOLE;
	saved = errno;
	lock(fd, F_SETLK, F_UNLCK, TURN, 1);
	errno = saved;
	return rc;
}
