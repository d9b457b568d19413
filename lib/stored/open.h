/*
 * The one way to open a core, or another ELF file, that is stored in whatever format: plain, gzip,
 * zlib, zstd, lz4, xz, bzip2 or age, one inside the other too, in a file or a pipe.  unpack_knows
 * (unpack.h) tells whether it is not plain.
 */
#ifndef GZCORE_STORED_OPEN_H
#define GZCORE_STORED_OPEN_H

#include "stored/image.h"
#include "stored/unpack.h"

enum stored_status {
	STORED_OK,
	STORED_DAMAGED,		/* what came before the damage is there: why says what is amiss */
	STORED_CANNOT		/* nothing is there: why says why */
};

struct stored {
	/* To read any byte of it; NULL: stream is to be read, once, to its end. */
	struct image *image;
	int stream;
	enum stored_status status;
	char why[UNPACK_WHY];	/* with any status but STORED_OK, in printable words */

	/* Its own. */
	int copy;		/* a file of what other programs have unpacked, or -1 */
	struct unpack unpack;	/* the programs that fill the stream */
};

/* Flags: the bytes are wanted once and in order, so nothing is copied: s->image may be NULL. */
#define STORED_IN_ORDER 1

/*
 * Opens what fd holds, from its start where it can be sought; fd stays the caller's and stays
 * open.  identity is the path of age's identity file, or NULL.  Of a regular file that is plain, or
 * gzip members that say their size, only what is asked for is read; anything else is copied first
 * to a file without a name, as restore.h and image.h say.  After STORED_OK and STORED_DAMAGED
 * stored_close is due.
 */
enum stored_status stored_open(struct stored *s, int fd, const char *identity, int flags);

/*
 * Closes it, and says what was found amiss until now, in s->why too: STORED_OK or STORED_DAMAGED.
 */
enum stored_status stored_close(struct stored *s);

/*
 * A file that can be sought with all its bytes, for a library that reads from descriptors only.
 * The caller closes it; -1 with errno.
 */
int stored_file(struct stored *s);

#endif
