/*
 * Restores a stored core into a sparse file without a name: the programs that made it decrypt and
 * decompress it (unpack.h), gzip and zlib data is decoded here, and salvaged where it is damaged.
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
	/* Bytes that were read, of gzip or of the core, and that there are in the file. */
	uint64_t in, size;
	const char *dir;	/* where it is; NULL: in memory */
	int secret;		/* it was encrypted */
	char why[UNPACK_WHY];
};

/*
 * Reads in, from its start where it can be sought, to its end, or only its first bytes when it is
 * no ELF file.  Returns UNPACK_OK and the file in *out, which the caller closes.  UNPACK_DAMAGED
 * gives *out too, with what came before the damage; but when lost is given and the gzip data can be
 * sought, everything that can be saved is in the file, and the result is UNPACK_OK.  With any other
 * status nothing is left.  Decrypted data goes to disk only when it does not fit into memory.
 */
enum unpack_status restore_open(struct restore *r, int in, const char *identity, int *out);

#endif
