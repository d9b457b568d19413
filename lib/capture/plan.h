/* What a core consists of, and where each piece of it is read. */
#ifndef GZCORE_CAPTURE_PLAN_H
#define GZCORE_CAPTURE_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "capture/head.h"
#include "proc/mappings.h"
#include "proc/page_map.h"

enum capture_source {
	CAPTURE_STREAM,		/* the kernel's stream; address is the offset there */
	CAPTURE_MADE,		/* the plan's made; address is the offset there */
	CAPTURE_ZEROS,		/* nowhere: it was never touched */
	CAPTURE_PROCESS		/* the process's memory */
};

struct capture_run {
	uint64_t address, len;
	enum capture_source source;
};

struct capture_plan {
	uint64_t offset;	/* in the core that is written, of what comes next */
	uint64_t end;		/* of that core */
	uint64_t shared;	/* bytes so far that other processes could change */
	uint64_t left_out;	/* bytes of holes that are not in it */

	/* Its own. */
	uint64_t taken, stream_end;	/* of the stream, before memory: taken already; its end */
	uint64_t tail;		/* behind memory, where the stream goes on; 0: nowhere */
	uint8_t *made;		/* what stands before memory in its place, and what behind it */
	size_t made_before, made_behind, made_done;
	uint64_t memory, memory_end;	/* where segments begin and end */
	uint64_t page;
	struct capture_segment {
		uint64_t offset, len, vaddr;
	} *segment;		/* by offset */
	size_t segments, now;
	struct mappings mappings;
	struct page_map pages;
};

/*
 * Plans the core of a process from taken on, the number of bytes that were taken of the stream.
 * Returns 0; 1 when the core is not as the kernel writes it, so its memory must come from the
 * stream; -1 with errno.  capture_plan_close is called in all cases.
 */
int capture_plan_open(struct capture_plan *p, const struct core *c, uint64_t taken, pid_t pid);
void capture_plan_close(struct capture_plan *p);

/*
 * The next piece, cut to most bytes unless it is zeros.  Returns 1; 0 at the end; -1 with errno:
 * ESRCH when the process has gone.
 */
int capture_plan_next(struct capture_plan *p, uint64_t most, struct capture_run *r);

/* The next piece of the segment p->now, which is there; the same otherwise. */
int capture_plan_memory(struct capture_plan *p, uint64_t most, struct capture_run *r);

#endif
