/*
 * How large a file may become: by its own limit, and by the free space that all writers must leave
 * and share.
 */
#ifndef GZCORE_STORE_ROOM_H
#define GZCORE_STORE_ROOM_H

#include <stdint.h>

/*
 * Room for what a writer needs besides its file, bytes: its record, directories, metadata of the
 * file system.
 */
#define ROOM_MARGIN 65536
/* After this time the present writers have seen a new one, ms: several STAGES_TICKs. */
#define ROOM_JOIN 150

struct room {
	int fd;			/* the file; belongs to the caller */
	uint64_t most;		/* bytes it may have */
	uint64_t spare;		/* bytes that must stay free, of those for ordinary users */
	int queue, places;	/* our place among the writers (store/queue.h); -1: we are alone */
};

/* How large the file may be now, bytes. */
uint64_t room_now(const struct room *r);

/*
 * Call it before the first byte: waits until the other writers have seen that they share with one
 * more.
 */
void room_join(const struct room *r);

#endif
