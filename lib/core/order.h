/*
 * A core as if it had been written in the order of addresses.  With kernel.core_sort_vma the kernel
 * writes the small mappings first, segments and NT_FILE alike; libdwfl (0.188) takes their
 * neighbours in the table for their neighbours in memory, and loses modules and names.
 */
#ifndef GZCORE_CORE_ORDER_H
#define GZCORE_CORE_ORDER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/core.h"
#include "stored/image.h"

struct core_order {
	struct image *image;
	uint64_t size;			/* of the core in that order */
	/* Bytes that stand in place of the core's: program headers, NT_FILE. */
	struct core_order_patch {
		uint64_t at;
		size_t len;
		uint8_t *bytes;		/* NULL: the core's are right */
	} patch[2];
	/* The memory: len bytes at offset at are the core's at from. */
	struct core_order_part {
		uint64_t at, from, len;
	} *part;
	size_t parts;
	/* Where files begin in the core that cannot have been loaded: they are not shown as ELF files. */
	uint64_t *hidden;
	size_t hides, hide_room;
};

/*
 * Prepares o for a core whose headers have been parsed; where it is in order, or its segments are
 * not one behind the other, it is taken as it is.  Returns 0, or -1 with errno.  The image stays
 * the caller's.
 */
int core_order_open(struct core_order *o, const struct core *c, struct image *i);
void core_order_close(struct core_order *o);

/* As image_read; what the core lacks, being cut, is zeros here.  arg is the struct core_order. */
ssize_t core_order_read(void *arg, uint64_t offset, void *buf, size_t len);

#endif
