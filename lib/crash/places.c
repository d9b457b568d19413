#define _GNU_SOURCE
#include "crash/places.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/number.h"

/*
 * The file has two tables: who has each place, and whose turn it is.  An entry is taken as long as
 * it is locked.  The byte behind them is locked while entries are counted.
 */
#define ENTRY sizeof(uint32_t)
#define TABLE (PLACES_MAX * ENTRY)
#define COUNTING (2 * TABLE)

/* How long is waited between two looks, ms. */
#define NAP 20

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

/* How many entries of a table are taken, by all and by one payer, and one that is free. */
struct count {
	uint32_t all, own;
	uint32_t free;		/* the first; as many as there are: none */
};

static int
count_taken(struct count *c, int fd, uint64_t table, uint32_t entries, uint32_t payer)
{
	static uint32_t entry[PLACES_MAX];

	*c = (struct count){ .free = entries };
	if (io_pread(fd, entry, entries * ENTRY, table) < 0)
		return -1;
	for (uint32_t i = 0; i < entries; i++) {
		int type = lock(fd, F_OFD_GETLK, F_WRLCK, table + i * ENTRY, ENTRY);

		if (type < 0)
			return -1;
		if (type != F_UNLCK) {
			c->all++;
			c->own += entry[i] == payer;
		} else if (c->free == entries) {
			c->free = i;
		}
	}
	return 0;
}

/* Takes an entry of a table. */
static int
take_entry(int fd, uint64_t table, uint32_t i, uint32_t payer)
{
	uint64_t at = table + i * ENTRY;

	if (io_pwrite(fd, &payer, sizeof(payer), at) < 0)
		return -1;
	return lock(fd, F_OFD_SETLK, F_WRLCK, at, ENTRY) < 0 ? -1 : 0;
}

/* Whether one more is within most entries: one payer may have half of what the others leave. */
static int
within(const struct count *c, uint32_t most)
{
	return c->all < most && c->own < (most - (c->all - c->own) + 1) / 2;
}

int
places_leave(int fd)
{
	return lock(fd, F_OFD_SETLK, F_UNLCK, 0, TABLE) < 0 ? -1 : 0;
}

static int
take(int fd, uint32_t limit, uint32_t payer, enum place *place)
{
	uint32_t half = (limit + 1) / 2, most = limit - limit / 4;
	struct count c;

	/* Our own locks are none to us. */
	if (places_leave(fd) < 0 || count_taken(&c, fd, 0, most, payer) < 0)
		return -1;
	*place = within(&c, half) ? PLACE_WHOLE : within(&c, most) ? PLACE_SMALL : PLACE_NONE;
	return *place == PLACE_NONE ? 0 : take_entry(fd, 0, c.free, payer);
}

/* Takes a turn, if there is one; 1, 0 when there is none, -1 with errno. */
static int
take_turn(int fd, uint32_t turns, uint32_t payer)
{
	struct count c;

	if (count_taken(&c, fd, TABLE, turns, payer) < 0)
		return -1;
	if (!within(&c, turns))
		return 0;
	return take_entry(fd, TABLE, c.free, payer) < 0 ? -1 : 1;
}

/* Locks the byte for those who count.  It is our process's: nobody who inherits fd keeps it. */
static int
count_alone(int fd)
{
	return lock(fd, F_SETLKW, F_WRLCK, COUNTING, 1);
}

static void
let_others_count(int fd)
{
	int saved = errno;

	lock(fd, F_SETLK, F_UNLCK, COUNTING, 1);
	errno = saved;
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
	int rc;

	*place = PLACE_WHOLE;
	if (limit > PLACES_USED)
		limit = PLACES_USED;
	if (count_alone(fd) < 0)
		return -1;
	if ((rc = take(fd, limit, payer, place)) < 0)
		*place = PLACE_WHOLE;
	let_others_count(fd);
	return rc;
}

int
places_turn(int fd, uint32_t turns, uint32_t payer, uint32_t seconds)
{
	const struct timespec nap = { .tv_nsec = NAP * 1000000 };
	int64_t until = now_ms() + (int64_t)seconds * 1000;
	int rc;

	if (turns > PLACES_MAX)
		turns = PLACES_MAX;
	if (lock(fd, F_OFD_SETLK, F_UNLCK, TABLE, TABLE) < 0)
		return -1;
	for (;;) {
		if (count_alone(fd) < 0)
			return -1;
		rc = take_turn(fd, turns, payer);
		let_others_count(fd);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
		if (now_ms() >= until)
			break;
		nanosleep(&nap, NULL);
	}
	errno = ETIMEDOUT;
	return -1;
}
