/* How long a file may become: by its own limit, and by what must stay free when all who write share the rest. */
#ifndef GZCORE_STORE_ROOM_H
#define GZCORE_STORE_ROOM_H

#include <stdint.h>

/* What a writer takes besides its file, bytes: its record, directories, what a file system notes. */
#define ROOM_MARGIN 65536
/* How long those that write already take at most to see one more, ms: some of their looks (stages.h). */
#define ROOM_JOIN 150

struct room {
	int fd;			/* the file, the caller's */
	uint64_t most;		/* bytes it may have */
	uint64_t spare;		/* bytes of its file system that stay free, of those that others than root may use */
	int queue, places;	/* our place among those that write (queue_linux.h); -1: we are alone */
};

/* How long it may be by now, bytes. */
uint64_t room_now(const struct room *r);

/* To be called before the first byte: waits until the others know that they share with one more. */
void room_join(const struct room *r);

#endif
