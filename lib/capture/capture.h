/*
 * The core of a process that the kernel holds, faster than the kernel's pipe brings it.
 *
 * Headers and notes come from the kernel's stream, memory from the process.  One thread at a time
 * plans: it says what the next piece of the core is, and takes a unit of the buffer for it.  All
 * fill units.  Once the buffer is full, or everything has been read, one at a time writes units out
 * in order and gives them back; before that the processors are for reading, since the process
 * waits.  As soon as the last unit has been filled the stream is closed, which lets the process go.
 */
#ifndef GZCORE_CAPTURE_CAPTURE_H
#define GZCORE_CAPTURE_CAPTURE_H

#include <stdint.h>
#include <sys/types.h>

#include "capture/share.h"
#include "proc/of_core.h"

struct capture {
	/* The caller's. */
	/* pid 0: the stream alone, for a reason that may be given as why */
	struct proc_proof proof;
	struct share share;		/* opened; how much may wait */
	uint64_t holes;			/* most bytes of them in the core, see holes.h; 0: any */
	size_t threads;			/* that read memory; at most ORDERED_WORKERS */
	/* Called at most once, when everything has been read, from one of our threads; it closes in. */
	void (*release)(void *arg);
	void *arg;

	/* What came of it. */
	const char *why;		/* why all came from the stream, or NULL */
	int why_error;			/* the errno of that, or 0 */
	uint64_t bytes;			/* that were written */
	uint64_t end;			/* of the core, by its headers; 0: not known */
	/* bytes of the core by where they came from */
	uint64_t from_process, from_stream, untouched;
	uint64_t shared;		/* of from_process, what others could change meanwhile */
	uint64_t left_out;		/* bytes of holes */
	uint64_t peak;			/* the most that was in the buffer, bytes */
	int64_t released;		/* when, by now_ms(); 0: not before the end */
};

enum capture_status {
	CAPTURE_OK,
	CAPTURE_IN,		/* reading in failed: errno */
	CAPTURE_OUT,		/* writing failed: errno */
	CAPTURE_GONE,		/* the process ended before all its memory was read */
	CAPTURE_MEMORY		/* its memory could not be read any more: errno */
};

/*
 * Copies the core that in brings to out, both the caller's.  What cannot be read from the process
 * comes from in.  What is not a core of the kernel, or not of that process, is passed on as it is.
 * With CAPTURE_GONE and CAPTURE_MEMORY all that comes before that place was written.
 */
enum capture_status capture_run(struct capture *c, int in, int out);

#endif
