/*
 * Work in chunks that is read by one, done by many and written in order by one.
 *
 * The caller's thread reads; workers work; one more thread writes.  A fixed ring of slots bounds
 * memory and passes from hand to hand: the reader owns a free slot, then a worker, then the writer,
 * which frees it; sequence numbers keep the order.  The first failure of a worker or of the writer
 * stops all; a failure to read lets what was read before it be written first.
 */
#ifndef GZCORE_BASE_ORDERED_H
#define GZCORE_BASE_ORDERED_H

#include <stddef.h>
#include <stdint.h>

/* The most workers. */
#define ORDERED_WORKERS 256

struct ordered {
	size_t workers;
	size_t slots;		/* 1: all in the caller's thread, none is started; else over workers */
	void *arg;		/* the first argument of the three below */
	/*
	 * Fills a slot: 1 when it did, 0 at the end, negative when it failed.  Working on it and
	 * writing it out: 0, or negative.  The number of a worker is below workers.
	 */
	int (*read)(void *arg, size_t slot);
	int (*work)(void *arg, size_t slot, size_t worker);
	int (*write)(void *arg, size_t slot);
	/*
	 * Results: chunks that were written, and that were read.  Chunk n is in slot n % slots; after a
	 * failure those from written on have been read and are still in their slots.
	 */
	uint64_t written, read_count;
	struct ordered_state *state;	/* its own */
};

/* Where chunks stand, for a worker that wants to know what holds the others up. */
struct ordered_load {
	size_t waiting;		/* have been read, and no worker has them yet */
	size_t ready;		/* can be written at once, the one that is being written among them */
};

/*
 * Runs until the end or the first failure.  Returns 0, or what a function failed with, and its errno.
 * Where no thread can be had the caller's does all.
 */
int ordered_run(struct ordered *o);

/* To be called from within work.  Returns 0, or -1 when there are no threads. */
int ordered_load(struct ordered *o, struct ordered_load *load);

#endif
