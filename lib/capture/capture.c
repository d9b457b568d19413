#include "capture/capture.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/io.h"
#include "base/ordered.h"
#include "capture/head.h"
#include "capture/holes.h"
#include "capture/private.h"
#include "system/end_input.h"
#include "system/pipe.h"

/* For as many threads there is a unit each, and two more, without any budget. */
#define LEAST 10
/* Slots of the ring for each unit, since what is only zeros needs no unit. */
#define SLOTS_PER_UNIT 2

static uint64_t
room(void *arg, uint64_t have)
{
	const struct work *w = arg;

	return share_room(&w->c->share, have, BUFFER_STEP);
}

/* Writes what was taken of the stream already. */
static int
write_head(struct work *w, const struct capture_head *h)
{
	if (io_write(w->out, h->bytes, h->len) < 0)
		return -1;
	w->c->bytes = h->len;
	w->c->from_stream = w->taken;
	return 0;
}

static int
prepare(struct work *w)
{
	struct capture *c = w->c;
	uint64_t most = share_most(&c->share), len = w->plan.memory_end - w->plan.memory;
	size_t slots;

	/* A unit may be filled with less than it holds: where pieces are many, or of the stream. */
	len = len < most / 2 ? 2 * len : most;
	w->buffer.room = room;
	w->buffer.arg = w;
	w->buffer.least = (c->threads < LEAST ? c->threads : LEAST) + 2;
	if (buffer_open(&w->buffer, len < most ? len : most) < 0)
		return -1;
	slots = w->buffer.units * SLOTS_PER_UNIT + c->threads + 1;
	w->ring = (struct ordered){ .workers = c->threads, .slots = slots, .reads_wait = 1,
		.writes_wait = 1, .arg = w,
		.read = batch_plan, .work = batch_read, .write = batch_write };
	w->batch = calloc(slots, sizeof(*w->batch));
	w->runs = malloc(RUNS * sizeof(*w->runs));
	w->zeros = calloc(1, BUFFER_UNIT);
	w->scratch = malloc(BUFFER_UNIT);
	return w->batch == NULL || w->runs == NULL || w->zeros == NULL || w->scratch == NULL ? -1 :
											    0;
}

static void
clean_up(struct work *w)
{
	for (size_t i = 0; w->batch != NULL && i < w->ring.slots; i++)
		free(w->batch[i].run);
	free(w->batch);
	free(w->runs);
	free(w->zeros);
	free(w->scratch);
	buffer_close(&w->buffer);
	proc_memory_close(&w->memory);
	keyed_close(&w->keyed);
	capture_plan_close(&w->plan);
	pthread_mutex_destroy(&w->lock);
}

/* Why stream_is_needed said so. */
static const char *
why_keyed(struct work *w)
{
	if (keyed_await(&w->keyed) > 0)
		return "memory with a protection key";
	w->c->why_error = errno;
	return "its memory";
}

/* Prepares to read memory from the process.  Returns NULL, or why all is to come from the stream. */
static const char *
prepare_all(struct work *w, struct capture_head *h)
{
	struct capture *c = w->c;
	int rc;

	c->why_error = 0;
	if (c->proof.pid == 0)
		return c->why != NULL ? c->why : "no process was named";
	if (h->core.bad != NULL || !h->core.is_core)
		return "no core of a process";
	if (!proc_is_of_core(&h->core, &c->proof))
		return "not the process of the core, or it is not held by the kernel";
	if ((rc = capture_plan_open(&w->plan, &h->core, h->len, c->proof.pid)) > 0)
		return "a core that the kernel did not write";
	if (rc < 0 || keyed_open(&w->keyed, c->proof.pid) < 0 ||
	    proc_memory_open(&w->memory, c->proof.pid) < 0 || prepare(w) < 0) {
		c->why_error = errno;
		return "its memory";
	}
	/* Its files were opened by its number, which may be another's by now. */
	if (!proc_is_of_core(&h->core, &c->proof))
		return "the process has gone";
	/* The stream does not go with headers without holes. */
	if (capture_holes_may_exceed(&w->plan, c->holes) && stream_is_needed(w) != 0)
		return why_keyed(w);
	if (capture_holes_leave_out(&w->plan, h, c->holes) < 0) {
		c->why_error = errno;
		return "its memory";
	}
	return NULL;
}

/* Passes all of the stream on. */
static enum capture_status
pass(const struct work *w)
{
	int rc = pipe_pass(w->in, w->out);

	return rc == 0 ? CAPTURE_OK : rc == IO_READ ? CAPTURE_IN : CAPTURE_OUT;
}

/*
 * The process has ended, or its memory is refused from some place on: what is written so far goes
 * on with the stream, where the kernel may have put all of a small core already.
 */
static enum capture_status
rest_of_stream(struct work *w, enum capture_status st)
{
	struct capture *c = w->c;
	int rc = stream_skip(w, c->bytes);
	ssize_t n;

	while (rc == 0 && (n = stream_read(w, w->scratch, BUFFER_UNIT)) > 0) {
		if (io_write(w->out, w->scratch, (size_t)n) < 0)
			return CAPTURE_OUT;
		c->bytes += (uint64_t)n;
		c->from_stream += (uint64_t)n;
	}
	if (rc == 0)
		rc = stream_failure(n);
	if (rc == FAILED_GONE)
		return c->bytes == c->end ? CAPTURE_OK : st;
	return rc == FAILED_OUT ? CAPTURE_OUT : CAPTURE_IN;
}

static enum capture_status
run(struct work *w)
{
	static const enum capture_status status[] = { [0] = CAPTURE_OK, [-FAILED_IN] = CAPTURE_IN,
		[-FAILED_OUT] = CAPTURE_OUT, [-FAILED_GONE] = CAPTURE_GONE,
		[-FAILED_MEMORY] = CAPTURE_MEMORY, [-FAILED_KEYED] = CAPTURE_GONE };
	int rc;

	w->c->end = w->plan.end;
	w->c->left_out = w->plan.left_out;
	if (w->no_files)
		buffer_flow(&w->buffer);
	rc = ordered_run(&w->ring);
	w->c->peak = w->buffer.peak;
	if (rc == FAILED_KEYED)
		w->c->why = why_keyed(w);
	if ((rc == FAILED_GONE || rc == FAILED_MEMORY || rc == FAILED_KEYED) &&
	    w->plan.left_out == 0 && w->taken <= w->c->bytes && !w->released &&
	    end_input_told() == 0)
		return rest_of_stream(w, status[-rc]);
	return status[-rc];
}

enum capture_status
capture_run(struct capture *c, int in, int out)
{
	struct work w = { .c = c, .in = in, .out = out,
		.memory = { .fd = -1, .dir = -1, .pagemap = -1 },
		.plan = { .pages = { .fd = -1 } }, .keyed = { .fd = -1 } };
	enum capture_status st;
	struct capture_head h;
	int saved;

	pthread_mutex_init(&w.lock, NULL);
	pipe_grow(out);
	if (capture_head_read(&h, in) < 0) {
		st = CAPTURE_IN;
	} else {
		w.taken = h.len;
		c->why = prepare_all(&w, &h);
		w.no_files = h.core.resolved ? !h.core.files.seen : h.core.files.count == 0;
		st = write_head(&w, &h) < 0 ? CAPTURE_OUT : c->why != NULL ? pass(&w) : run(&w);
	}
	saved = errno;
	capture_head_close(&h);
	clean_up(&w);
	errno = saved;
	return st;
}
