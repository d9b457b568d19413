/*
 * Headers of gzip members that say their size, looked for in a file that may be damaged, or made
 * up.
 */
#ifndef GZCORE_GZIP_HEADER_SEARCH_H
#define GZCORE_GZIP_HEADER_SEARCH_H

#include "gzip/header.h"
#include "gzip/source.h"

struct heads {
	struct source *in;
	/* the first plain header at or after offset from is at offset next */
	uint64_t from, next;
	/*
	 * Bytes that may still be read in vain: made-up headers could each lead through all the
	 * rest of the file.  A file that is only damaged needs at most twice its size, once for
	 * each header and once without.
	 */
	uint64_t spare;
};

/* in is seekable, and read from where it stands. */
void heads_open(struct heads *h, struct source *in);

/*
 * Reads the header at offset at, as gz_head_look does; what that reads beyond GZ_SIZED_HEAD is
 * taken from spare.
 */
enum gz_status heads_look(struct heads *h, uint64_t at, struct gz_member *m, uint64_t *len);

/*
 * Whether a header with a size that stays inside the file stands at offset at; *len is its own
 * size.
 */
int heads_sized(struct heads *h, uint64_t at, struct gz_member *m, uint64_t *len);

/*
 * The offset of the first plain header with a size at or after from; the file's size when there is
 * none.
 */
uint64_t heads_next(struct heads *h, uint64_t from);

/* Takes n bytes from what is spare. */
void heads_cost(struct heads *h, uint64_t n);

#endif
