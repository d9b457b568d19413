/*
 * Processes chunks: one thread at a time reads them, many work on them, and one at a time writes
 * them in order.
 *
 * No thread has a job of its own.  Each takes what there is to do: to write the next chunk, to work
 * on one, or to read one; so a chunk most often stays with one thread, in the cache of one
 * processor, and nobody has to be woken to hand it on.  The caller's thread is one of them.  As
 * many threads as workers are enough where reading and writing do not wait; there is one more for
 * each that does.
 *
 * A fixed number of slots bounds memory.  The reader owns a free slot, then a worker owns it, then
 * the writer, which frees it; sequence numbers keep the order.  The first failure of a worker or of
 * the writer stops everything.  If reading fails, the chunks before are still written.
 */
#ifndef GZCORE_BASE_ORDERED_H
#define GZCORE_BASE_ORDERED_H

#include <stddef.h>
#include <stdint.h>

/* The most workers. */
#define ORDERED_WORKERS 256

struct ordered {
	size_t workers;
	/* over workers; or 1: the caller's thread does everything.  The reader gets any free one. */
	size_t slots;
	int reads_wait;		/* read may wait for others, as on a pipe */
	int writes_wait;	/* likewise write */
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
	 * Results: the numbers of chunks that were written and read.  After a failure, the chunks
	 * from written on have been read and are still in their slots.
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

/* Call it from within work only.  Returns 0, or -1 if there are no threads. */
int ordered_load(struct ordered *o, struct ordered_load *load);

#endif
