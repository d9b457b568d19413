#include "store/room.h"

#include <sys/stat.h>
#include <time.h>

#include "store/queue.h"
#include "store/store.h"

static uint64_t
writers(const struct room *r)
{
	return r->queue < 0 ? 1 : (uint64_t)queue_taken(r->queue, r->places);
}

uint64_t
room_now(const struct room *r)
{
	struct stat st;
	uint64_t free, n, left, taken;

	if (r->spare == 0 || fstat(r->fd, &st) < 0 || store_free(r->fd, &free) < 0)
		return r->most;
	n = writers(r);
	taken = r->spare + n * ROOM_MARGIN;
	left = free > taken ? (free - taken) / n : 0;
	return left < r->most && (uint64_t)st.st_size < r->most - left ?
	    (uint64_t)st.st_size + left : r->most;
}

void
room_join(const struct room *r)
{
	const struct timespec nap = { .tv_nsec = ROOM_JOIN * 1000000 };

	if (r->spare > 0 && writers(r) > 1)
		nanosleep(&nap, NULL);
}
