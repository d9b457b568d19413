/* The part of a stream's memory that may be wanted, put aside as it passes. */
#ifndef GZCORE_TRIM_SELECTION_H
#define GZCORE_TRIM_SELECTION_H

#include <stddef.h>
#include <stdint.h>

#include "trim/trim.h"

/* The most memory of a stream that is put aside, bytes. */
#define TRIM_STREAM_MOST (256u * 1024 * 1024)

/* All zeros at first. */
struct trim_selection {
	struct trim *trim;
	int spool;			/* has each byte at its offset in the core */
	struct trim_pages there;	/* pages that are in it */
	struct trim_place *by_offset;	/* segments in the order in which they come */
	size_t loads, load;		/* how many there are, and the one that comes */
	int all_seen;
	/* errno when memory could not be put aside: then there can be no small core. */
	int error;
};

/*
 * Foresees what t will keep, and makes the spool, a descriptor of the caller's, its memory.
 * Returns TRIM_OK, or why there can be no small core.
 */
enum trim_status trim_selection_begin(struct trim_selection *c, struct trim *t, int spool);
void trim_selection_close(struct trim_selection *c);

/*
 * Looks at n bytes from an offset, page by page.  Returns how many it is done with: the last page
 * may be cut.
 */
size_t trim_selection_look(struct trim_selection *c, const uint8_t *p, size_t n, uint64_t offset);

/* All of the core has passed: makes the plan ready for trim_plan. */
void trim_selection_end(struct trim_selection *c);

#endif
