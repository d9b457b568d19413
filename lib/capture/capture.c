#define _GNU_SOURCE
#include "capture/capture.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/ordered.h"
#include "base/zeros.h"
#include "capture/buffer.h"
#include "capture/head.h"
#include "capture/holes.h"
#include "capture/plan.h"
#include "proc/memory.h"
#include "system/end_input.h"
#include "system/pipe.h"

/* The most pieces of a unit: each other page of it. */
#define RUNS (2 * BUFFER_UNIT / 4096)
/* Slots of the ring for each unit, since what is only zeros needs no unit. */
#define SLOTS_PER_UNIT 2
/* The priority of the thread that writes: what waits for the threads that read is the process. */
#define NICE 19
/* How long a later stage may take to read the notes, ms. */
#define FILES_MS 2000

/* Why something fails, as a negative number for ordered_run. */
enum { FAILED_IN = -1, FAILED_OUT = -2, FAILED_GONE = -3, FAILED_MEMORY = -4 };

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
	struct buffer buffer;
	struct ordered ring;
	struct batch *batch;		/* by slot */
	struct capture_run *runs;	/* RUNS, while they are planned */
	struct capture_run ahead;	/* a run that has been planned, and is no batch's yet */
	int has_ahead;
	int in, out;
	uint64_t taken;			/* of the stream */
	uint8_t *zeros;			/* BUFFER_UNIT of them */
	int less;			/* the writer has less priority already */
	pthread_mutex_t lock;
	uint64_t reading;		/* batches that are planned and not read */
	size_t batches;			/* that have been planned */
	int planned, released;
	int failed, error;		/* of the stream: FAILED_…, for the next batch, and errno */
	int no_files;			/* the core has no NT_FILE */
};

/*
 * Without NT_FILE a later stage asks the process itself which files are mapped, as soon as it has
 * read the notes: waits until it has read on from there.
 */
static void
await_files(struct work *w)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	int left = 0;

	for (int ms = 0; ms < FILES_MS && ioctl(w->out, FIONREAD, &left) == 0; ms++) {
		uint64_t written = __atomic_load_n(&w->c->bytes, __ATOMIC_RELAXED);

		if (written > w->plan.memory + (uint64_t)left)
			break;
		nanosleep(&nap, NULL);
	}
}

/* Lets the process go once nothing more is to be read. */
static void
release(struct work *w)
{
	int now;

	pthread_mutex_lock(&w->lock);
	now = w->planned && w->reading == 0 && !w->released;
	w->released |= now;
	pthread_mutex_unlock(&w->lock);
	if (!now)
		return;
	if (w->no_files)
		await_files(w);
	w->c->shared = w->plan.shared;
	w->c->released = now_ms();
	w->c->release(w->c->arg);
	buffer_drain(&w->buffer);
}

/* Takes *len bytes out of the stream, or as many as came; those before offset are of no use. */
static int
take_stream(struct work *w, uint64_t offset, uint8_t *buf, uint64_t *len)
{
	size_t want = (size_t)*len;
	ssize_t n;

	*len = 0;

	while (w->taken < offset) {
		uint64_t left = offset - w->taken;

		n = io_read_some(w->in, buf, left < want ? (size_t)left : want);
		if (n <= 0)
			return n < 0 ? FAILED_IN : FAILED_GONE;
		w->taken += (uint64_t)n;
	}
	if ((n = io_read(w->in, buf, want)) < 0)
		return FAILED_IN;
	*len = (uint64_t)n;
	w->taken += *len;
	w->c->from_stream += *len;
	return *len < want ? FAILED_GONE : 0;
}

/* The next run of the plan; 1, 0 at the end, or FAILED_…. */
static int
next_run(struct work *w, size_t most, struct capture_run *r)
{
	int rc;

	if (w->has_ahead) {
		*r = w->ahead;
		w->has_ahead = 0;
		return 1;
	}
	if (w->failed != 0) {
		errno = w->error;
		return w->failed;
	}
	/* By a signal: what has been read is still written. */
	if (end_input_told() != 0) {
		errno = EINTR;
		return FAILED_MEMORY;
	}
	rc = capture_plan_next(&w->plan, most, r);
	return rc >= 0 ? rc : errno == ESRCH ? FAILED_GONE : FAILED_MEMORY;
}

static int
is_memory(const struct capture_run *r)
{
	return r->source == CAPTURE_PRESENT || r->source == CAPTURE_ANY;
}

/* Fills a batch of one run that is no memory.  What came before a failure is still written. */
static void
fill_at_once(struct work *w, struct batch *b)
{
	struct capture_run *r = &b->run[0];

	if (r->source == CAPTURE_MADE) {
		memcpy(b->unit, w->plan.made + r->address, (size_t)r->len);
		return;
	}
	if ((w->failed = take_stream(w, r->address, b->unit, &r->len)) != 0)
		w->error = errno;
}

/* Collects the pieces of a batch in w->runs.  Returns 1, 0 when there are none, or FAILED_…. */
static int
collect(struct work *w, struct batch *b)
{
	struct capture_run r;
	int rc = 1;

	while (b->runs < RUNS && b->len < BUFFER_UNIT &&
	    (rc = next_run(w, BUFFER_UNIT - b->len, &r)) > 0) {
		if (b->runs > 0 && r.source != CAPTURE_ZEROS && !is_memory(&r)) {
			w->ahead = r;
			w->has_ahead = 1;
			break;
		}
		w->runs[b->runs++] = r;
		if (r.source != CAPTURE_ZEROS)
			b->len += (size_t)r.len;
		if (r.source != CAPTURE_ZEROS && !is_memory(&r))
			break;
	}
	return b->runs > 0 ? 1 : rc;
}

/* Plans a batch.  Returns 1, 0 when there are no more, or FAILED_…. */
static int
plan(struct work *w, struct batch *b)
{
	int rc = collect(w, b);

	if (rc <= 0)
		return rc;
	if ((b->run = malloc(b->runs * sizeof(*b->run))) == NULL)
		return FAILED_MEMORY;
	memcpy(b->run, w->runs, b->runs * sizeof(*b->run));
	/* In the order of the core, so that who waits for a unit waits for what is written before. */
	if (b->len > 0 && (b->unit = buffer_take(&w->buffer)) == NULL) {
		errno = EPIPE;
		return FAILED_OUT;
	}
	b->at_once = b->len > 0 && b->runs == 1 && !is_memory(&b->run[0]);
	if (b->at_once)
		fill_at_once(w, b);
	return 1;
}

/* The planner's, of ordered_run. */
static int
plan_batch(void *arg, size_t slot)
{
	struct work *w = arg;
	struct batch *b = &w->batch[slot];
	int rc;

	*b = (struct batch){ .run = NULL };
	rc = plan(w, b);
	pthread_mutex_lock(&w->lock);
	if (rc > 0)
		w->reading++;
	else if (rc == 0)
		w->planned = 1;
	pthread_mutex_unlock(&w->lock);
	/* The ring may be full before the buffer is. */
	if (rc < 0 || ++w->batches == w->ring.slots)
		buffer_flow(&w->buffer);
	if (rc == 0)
		release(w);
	return rc;
}

/* Reads the memory of a batch. */
static void
read_memory(struct work *w, struct batch *b)
{
	size_t done = 0;

	for (size_t i = 0; b->failed == 0 && i < b->runs; i++) {
		const struct capture_run *r = &b->run[i];
		enum proc_memory_how how = r->source == CAPTURE_PRESENT ? PROC_MEMORY_PRESENT :
									  PROC_MEMORY_ANY;

		if (r->source == CAPTURE_ZEROS)
			continue;
		if (proc_memory_read(&w->memory, r->address, b->unit + done, (size_t)r->len,
		    how) < 0) {
			b->error = errno;
			b->failed = errno == ESRCH ? FAILED_GONE : FAILED_MEMORY;
			b->runs = i;
		}
		done += (size_t)r->len;
	}
	/* Nothing of a later process that got the number may come into the core. */
	if (done > 0 && !proc_memory_is_there(&w->memory)) {
		b->failed = FAILED_GONE;
		b->runs = 0;
	}
}

/* A reader's, of ordered_run. */
static int
read_batch(void *arg, size_t slot, size_t worker)
{
	struct work *w = arg;
	struct batch *b = &w->batch[slot];

	(void)worker;
	if (b->len > 0 && !b->at_once) {
		read_memory(w, b);
		/* Memory that was touched may hold nothing but zeros all the same. */
		if (b->failed == 0 && zeros_only(b->unit, b->len)) {
			buffer_give(&w->buffer, b->unit);
			b->unit = NULL;
		}
	}
	pthread_mutex_lock(&w->lock);
	w->reading--;
	pthread_mutex_unlock(&w->lock);
	release(w);
	return 0;
}

static int
write_zeros(struct work *w, uint64_t len)
{
	while (len > 0) {
		size_t n = len < BUFFER_UNIT ? (size_t)len : BUFFER_UNIT;

		if (io_write(w->out, w->zeros, n) < 0)
			return -1;
		len -= n;
	}
	return 0;
}

/* Counts a piece that was written. */
static void
count(struct capture *c, const struct capture_run *r)
{
	__atomic_store_n(&c->bytes, c->bytes + r->len, __ATOMIC_RELAXED);
	if (r->source == CAPTURE_ZEROS)
		c->untouched += r->len;
	else if (is_memory(r))
		c->from_process += r->len;
}

/* The writer's, of ordered_run. */
static int
write_batch(void *arg, size_t slot)
{
	struct work *w = arg;
	struct batch *b = &w->batch[slot];
	struct ordered_load load;
	size_t done = 0;
	int rc = 0;

	if (!w->less) {
		w->less = 1;
		/* Without threads nobody else can fill it. */
		if (ordered_load(&w->ring, &load) == 0) {
			/* On Linux a thread has a priority of its own. */
			(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
			buffer_await(&w->buffer);
		}
	}
	for (size_t i = 0; rc == 0 && i < b->runs; i++) {
		const struct capture_run *r = &b->run[i];

		if (r->source == CAPTURE_ZEROS || b->unit == NULL) {
			rc = write_zeros(w, r->len);
		} else {
			rc = io_write(w->out, b->unit + done, (size_t)r->len);
			done += (size_t)r->len;
		}
		if (rc == 0)
			count(w->c, r);
	}
	free(b->run);
	b->run = NULL;
	if (rc < 0 || b->failed != 0) {
		int saved = rc < 0 ? errno : b->error;

		buffer_stop(&w->buffer);
		errno = saved;
		return rc < 0 ? FAILED_OUT : b->failed;
	}
	if (b->unit != NULL)
		buffer_give(&w->buffer, b->unit);
	return 0;
}

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
	size_t slots;

	w->buffer.room = room;
	w->buffer.arg = w;
	w->buffer.least = c->threads + 2;
	if (buffer_open(&w->buffer, share_most(&c->share)) < 0)
		return -1;
	slots = w->buffer.units * SLOTS_PER_UNIT + c->threads + 1;
	w->ring = (struct ordered){ .workers = c->threads, .slots = slots, .arg = w,
		.read = plan_batch, .work = read_batch, .write = write_batch };
	w->batch = calloc(slots, sizeof(*w->batch));
	w->runs = malloc(RUNS * sizeof(*w->runs));
	w->zeros = calloc(1, BUFFER_UNIT);
	return w->batch == NULL || w->runs == NULL || w->zeros == NULL ? -1 : 0;
}

static void
clean_up(struct work *w)
{
	for (size_t i = 0; w->batch != NULL && i < w->ring.slots; i++)
		free(w->batch[i].run);
	free(w->batch);
	free(w->runs);
	free(w->zeros);
	buffer_close(&w->buffer);
	proc_memory_close(&w->memory);
	capture_plan_close(&w->plan);
	pthread_mutex_destroy(&w->lock);
}

/* Why the memory is not the process's to give, or NULL. */
static const char *
refused(struct work *w, struct capture_head *h)
{
	struct capture *c = w->c;
	int rc;

	c->why_error = 0;
	if (c->proof.pid == 0)
		return "no process was named";
	if (h->core.bad != NULL || !h->core.is_core)
		return "no core of a process";
	if (!proc_is_of_core(&h->core, &c->proof))
		return "not the process of the core, or it is not held by the kernel";
	if ((rc = capture_plan_open(&w->plan, &h->core, h->len, c->proof.pid)) > 0)
		return "a core that the kernel did not write";
	if (rc < 0 || proc_memory_open(&w->memory, c->proof.pid) < 0 || prepare(w) < 0 ||
	    capture_holes_leave_out(&w->plan, h, c->holes) < 0) {
		c->why_error = errno;
		return "its memory";
	}
	/* All of its files were opened by its number. */
	return proc_is_of_core(&h->core, &c->proof) ? NULL : "the process has gone";
}

static enum capture_status
pass(struct work *w)
{
	int rc = pipe_pass(w->in, w->out);

	return rc == 0 ? CAPTURE_OK : rc == IO_READ ? CAPTURE_IN : CAPTURE_OUT;
}

static enum capture_status
run(struct work *w)
{
	static const enum capture_status status[] = { [0] = CAPTURE_OK, [-FAILED_IN] = CAPTURE_IN,
		[-FAILED_OUT] = CAPTURE_OUT, [-FAILED_GONE] = CAPTURE_GONE,
		[-FAILED_MEMORY] = CAPTURE_MEMORY };
	int rc;

	w->c->end = w->plan.end;
	w->c->left_out = w->plan.left_out;
	if (w->no_files)
		buffer_flow(&w->buffer);
	rc = ordered_run(&w->ring);
	w->c->peak = w->buffer.peak;
	return status[-rc];
}

enum capture_status
capture_run(struct capture *c, int in, int out)
{
	struct work w = { .c = c, .in = in, .out = out, .memory = { .fd = -1, .dir = -1 },
		.plan = { .pages = { .fd = -1 } } };
	enum capture_status st;
	struct capture_head h;
	int saved;

	pthread_mutex_init(&w.lock, NULL);
	pipe_grow(in);
	pipe_grow(out);
	if (capture_head_read(&h, in) < 0) {
		st = CAPTURE_IN;
	} else {
		w.taken = h.len;
		c->why = refused(&w, &h);
		w.no_files = h.core.files.count == 0;
		st = write_head(&w, &h) < 0 ? CAPTURE_OUT : c->why != NULL ? pass(&w) : run(&w);
	}
	saved = errno;
	capture_head_close(&h);
	clean_up(&w);
	errno = saved;
	return st;
}
