/* What the files of salvage share; lost_size.c finds how much data a lost member had. */
#ifndef GZCORE_GZIP_SALVAGE_H
#define GZCORE_GZIP_SALVAGE_H

#include "gzip/header_search.h"
#include "gzip/inflate.h"

#define NONE UINT64_MAX	/* a size that is not known */

struct salvage {
	struct inflate *f;
	void (*lost)(void *arg, const struct inflate_lost *l);
	void *arg;
	uint64_t last;		/* the size of the data of the member before, or NONE */
	/* the member before says its size: zeros behind it are no padding */
	int sized;
	/* no bytes without a header came before: if members follow, the first starts here */
	int sure;
	/* another header, or the end, is where the member that is decoded says that it ends */
	int confirmed;
	/* the length of the file's plain headers, as far as one has been seen */
	uint64_t plain;
	struct heads heads;
	struct inflate_lost doubt;	/* not told yet: it may go on */
	uint64_t doubt_end;		/* where it ends; 0: there is none */
	enum inflate_status worst;
};

/* Whether the member that lies at [at, end) can have had n bytes of data. */
int lost_size_plausible(struct salvage *v, uint64_t at, uint64_t end, uint64_t n);

/* The least data of a member of at least size bytes, len of which are its header. */
uint64_t lost_size_least(const struct salvage *v, uint64_t size, uint64_t len);

/*
 * How much data the lost member at [at, end) had, if two witnesses agree, else NONE.  Its damaged
 * data came to made bytes, or NONE.
 */
uint64_t lost_size_agreed(struct salvage *v, uint64_t at, uint64_t end, uint64_t made);

#endif
