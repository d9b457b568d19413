/* The program headers of a core, and which of them an address belongs to. */
#ifndef GZCORE_TRIM_SEGMENTS_H
#define GZCORE_TRIM_SEGMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "core/core.h"
#include "stored/image.h"

/* A program header of the core. */
struct trim_segment {
	uint64_t offset, vaddr, filesz, memsz;
	uint32_t type, flags;
	uint32_t align;		/* TRIM_PAGE at most */
};

struct trim_place {
	uint64_t at;		/* an address, or an offset in the core */
	size_t segment;		/* its index in struct trim_segments */
};

/* All zeros at first. */
struct trim_segments {
	struct trim_segment *segment;	/* in the order of the core's headers */
	size_t count;
	struct trim_place *by_address;	/* those with memory that can be kept */
	size_t usable;
};

/*
 * Reads the program headers of c from head.  Returns 0; -1 with errno, which is EBADMSG where head
 * has not all of them.
 */
int trim_segments_read(struct trim_segments *g, const struct core *c, struct image *head);
void trim_segments_close(struct trim_segments *g);

/* The segment of an entry of by_address. */
static inline const struct trim_segment *
trim_segments_nth(const struct trim_segments *g, size_t i)
{
	return &g->segment[g->by_address[i].segment];
}

/* The first entry of by_address that ends behind an address; usable when there is none. */
size_t trim_segments_from(const struct trim_segments *g, uint64_t address);

/* The index of the segment that has the byte at an address; SIZE_MAX when none has. */
size_t trim_segments_at(const struct trim_segments *g, uint64_t address);

/* Sorts places by what they are at. */
void trim_places_sort(struct trim_place *p, size_t n);

#endif
