/*
 * Processes chunks: one thread reads them, many work on them, and one writes them in order.
 *
 * The caller's thread reads; workers work; one more thread writes.  A fixed ring of slots bounds
 * memory.  The reader owns a free slot, then a worker owns it, then the writer, which frees it;
 * sequence numbers keep the order.  The first failure of a worker or of the writer stops
 * everything.  If reading fails, the chunks before are still written.
 */
#ifndef GZCORE_BASE_ORDERED_H
#define GZCORE_BASE_ORDERED_H

#include <stddef.h>
#include <stdint.h>

/* The most workers. */
#define ORDERED_WORKERS 256

struct ordered {
	size_t workers;
	size_t slots;		/* over workers; or 1: the caller's thread does everything */
	void *arg;		/* the first argument of the three below */
	/*
	 * read fills a slot and returns 1, or 0 at the end, or a negative number for a failure.
	 * work and write return 0, or a negative number for a failure.  worker is less than
	 * workers.
	 */
	int (*read)(void *arg, size_t slot);
	int (*work)(void *arg, size_t slot, size_t worker);
	int (*write)(void *arg, size_t slot);
	/*
	 * Results: the numbers of chunks that were written and read.  Chunk n is in slot n %
	 * slots.  After a failure, the chunks from written on have been read and are still in their
	 * slots.
	 */
	uint64_t written, read_count;
	struct ordered_state *state;	/* internal */
};

/* How many chunks wait for what: for a worker that adapts to the slowest side. */
struct ordered_load {
	size_t waiting;		/* were read, and wait for a worker */
	size_t ready;		/* can be written now, including the one that is being written */
};

/*
 * Runs until the end or the first failure.  Returns 0, or the number that a function failed with,
 * and its errno.  If no thread can be started, the caller's thread does everything.
 */
int ordered_run(struct ordered *o);

/* Call it from within work or write only.  Returns 0, or -1 if there are no threads. */
int ordered_load(struct ordered *o, struct ordered_load *load);

#endif
