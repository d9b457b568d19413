/* What planning, reading and writing the pieces of a core share with what puts them together. */
#ifndef GZCORE_CAPTURE_PRIVATE_H
#define GZCORE_CAPTURE_PRIVATE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ordered.h"
#include "capture/buffer.h"
#include "capture/capture.h"
#include "capture/keyed.h"
#include "capture/plan.h"
#include "proc/memory.h"

/* The most pieces of a unit: every other page of it. */
#define RUNS (2 * BUFFER_UNIT / 4096)
/* Why something fails, as a negative number for ordered_run. */
enum { FAILED_IN = -1, FAILED_OUT = -2, FAILED_GONE = -3, FAILED_MEMORY = -4,
	FAILED_KEYED = -5 };

/* Some pieces of the core, one behind the other. */
struct batch {
	struct capture_run *run;	/* runs of them */
	size_t runs;
	size_t len;			/* bytes that are no zeros */
	uint8_t *unit;			/* with these bytes; NULL: there are none */
	int at_once;			/* it was filled when it was planned */
	int failed, error;		/* after failed of run: FAILED_… and errno */
};

struct work {
	struct capture *c;
	struct capture_plan plan;
	struct proc_memory memory;
	struct keyed keyed;
	struct buffer buffer;
	struct ordered ring;
	struct batch *batch;		/* by slot */
	struct capture_run *runs;	/* RUNS, while they are planned */
	struct capture_run ahead;	/* a run that has been planned, and is no batch's yet */
	int has_ahead;
	int in, out;
	uint64_t taken;			/* of the stream */
	uint8_t *zeros, *scratch;	/* BUFFER_UNIT of them; and of what is of no use */
	pthread_mutex_t lock;
	uint64_t reading;		/* batches that are planned and not read */
	size_t batches;			/* that have been planned */
	int planned, released;
	int broken;			/* planning or reading failed: it is released at the end */
	int failed, error;		/* of the stream, for the next batch */
	int no_files;			/* the core has no NT_FILE */
};

/* The functions of the ring; the argument is a struct work. */
int batch_plan(void *arg, size_t slot);
int batch_read(void *arg, size_t slot, size_t worker);
int batch_write(void *arg, size_t slot);

/*
 * Whether all must come from the stream, and no memory may be passed on: 0 no; FAILED_KEYED when
 * the kernel may write zeros for some of it, or that cannot be known; FAILED_GONE.
 */
int stream_is_needed(struct work *w);

/* Takes bytes out of the stream up to offset, which are of no use.  Returns 0 or FAILED_…. */
int stream_skip(struct work *w, uint64_t offset);

/* Reads some of the stream: how many bytes; 0 at its end; -1 with errno, EPIPE for the output. */
ssize_t stream_read(struct work *w, uint8_t *buf, size_t len);

/* Why stream_read returned n, which is no byte: FAILED_…. */
int stream_failure(ssize_t n);

#endif
