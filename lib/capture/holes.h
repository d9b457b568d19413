/*
 * A core without its large holes: memory that was never touched, of which a sanitizer's process has
 * terabytes.  As zeros nobody could store them.
 */
#ifndef GZCORE_CAPTURE_HOLES_H
#define GZCORE_CAPTURE_HOLES_H

#include <stdint.h>

#include "capture/head.h"
#include "capture/plan.h"

/* The least hole that is left out, bytes: each costs a program header. */
#define HOLES_LEAST (1024u * 1024)

/*
 * Whether the holes of a plan may be more than most bytes; 0 is no limit, and never exceeded.  No
 * page is looked at.
 */
int capture_holes_may_exceed(const struct capture_plan *p, uint64_t most);

/*
 * When the holes of a plan are more than most bytes, which 0 never says, plans the core without
 * them, and makes new headers in h->bytes.  A hole is then what comes behind the bytes of a
 * PT_LOAD, p_filesz to p_memsz, which debuggers show as zeros; a note says how many bytes there
 * are.  Returns 0, or -1 with errno, ESRCH when the process has gone.
 */
int capture_holes_leave_out(struct capture_plan *p, struct capture_head *h, uint64_t most);

#endif
