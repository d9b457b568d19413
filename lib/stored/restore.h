/*
 * A stored core as a sparse file of its own, without a name: decrypted and decompressed by the programs that made it
 * (unpack_linux.h), decoded when it is gzip or zlib data, salvaged when that is damaged.
 */
#ifndef GZCORE_STORED_RESTORE_H
#define GZCORE_STORED_RESTORE_H

#include <stddef.h>
#include <stdint.h>

#include "gzip/inflate.h"
#include "stored/unpack.h"

struct restore {
	/* The caller's, each may be NULL or 0. */
	void (*progress)(void *arg, uint64_t in, uint64_t out);	/* bytes so far */
	void *progress_arg;
	void (*lost)(void *arg, const struct inflate_lost *l);	/* as for inflate_salvage */
	void *lost_arg;
	size_t threads;		/* 0: one */
	uint64_t expected;	/* about so many bytes, for where to put it; 0: not known */
	/* Afterwards. */
	uint64_t in, size;	/* bytes that were read, of gzip or of the core, and that there are in the file */
	const char *dir;	/* where it is; NULL: in memory */
	int secret;		/* it was encrypted */
	char why[UNPACK_WHY];
};

/*
 * Reads in, from its start where it can be sought, to its end; of what is no ELF file only the first bytes.  Returns
 * UNPACK_OK and the file in *out, which the caller closes.  With UNPACK_DAMAGED too, and what came before the damage
 * is there; where lost is given and gzip data can be sought all that can be saved is, which is then UNPACK_OK.
 * Otherwise nothing is left.  What was encrypted is put on disk only when it does not fit into memory.
 */
enum unpack_status restore_open(struct restore *r, int in, const char *identity, int *out);

#endif
