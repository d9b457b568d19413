/* A stored core as a sparse file: decoded when it is gzip or zlib data, salvaged when that is damaged. */
#ifndef GZCORE_RESTORE_H
#define GZCORE_RESTORE_H

#include <stddef.h>
#include <stdint.h>

#include "inflate_status.h"

struct restore {
	/* The caller's, each may be NULL or 0. */
	void (*progress)(void *arg, uint64_t in, uint64_t out);	/* bytes so far */
	void *progress_arg;
	void (*lost)(void *arg, uint64_t at, uint64_t data_offset, uint64_t len);	/* as for inflate_salvage */
	void *lost_arg;
	size_t threads;		/* 0: one */
	uint64_t most;		/* bytes of the file: what is more is counted in size, and not written; 0: any */
	/* Afterwards. */
	uint64_t in, size;	/* bytes that were read, and that there are in the file */
	uint64_t at;		/* where in the input something is amiss */
	int error;		/* errno of INFLATE_READ and INFLATE_WRITE */
};

/*
 * Reads in, from its start where it can be sought, to its end, into out, an empty file.  Returns INFLATE_OK, also
 * for what is no compressed data; INFLATE_READ, INFLATE_WRITE and INFLATE_MEMORY when it could not be done;
 * INFLATE_LOST and INFLATE_UNKNOWN when it was damaged and could be sought: what was saved is there.  With all
 * others what came before the damage is there.
 */
enum inflate_status restore(struct restore *r, int in, int out);

#endif
