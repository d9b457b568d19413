#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/zeros.h"
#include "capture/private.h"
#include "system/end_input.h"
#include "system/pipe.h"

/* How long a later stage may take to read the notes, ms. */
#define FILES_MS 10000

/*
 * Without NT_FILE a later stage asks the process itself which files are mapped, as soon as it has
 * read the notes: waits until it has read on from there.
 */
static void
await_files(struct work *w)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	for (int ms = 0; ms < FILES_MS; ms++) {
		/* First: what is written meanwhile makes the pipe look fuller, and this waits on. */
		uint64_t written = __atomic_load_n(&w->c->bytes, __ATOMIC_ACQUIRE);
		int left;

		if (ioctl(w->out, FIONREAD, &left) < 0 ||
		    written > w->plan.memory + (uint64_t)left)
			break;
		nanosleep(&nap, NULL);
	}
}

int
stream_is_needed(struct work *w)
{
	int rc = keyed_await(&w->keyed);

	return rc == 0 ? 0 : rc < 0 && errno == ESRCH ? FAILED_GONE : FAILED_KEYED;
}

/* Lets the process go once nothing more is to be read. */
static void
release(struct work *w)
{
	int now;

	pthread_mutex_lock(&w->lock);
	now = w->planned && w->reading == 0 && !w->released && !w->broken;
	w->released |= now;
	pthread_mutex_unlock(&w->lock);
	if (!now)
		return;
	/* The writer gets the same answer, and ends the capture. */
	if (stream_is_needed(w) != 0) {
		pthread_mutex_lock(&w->lock);
		w->released = 0;
		pthread_mutex_unlock(&w->lock);
		buffer_flow(&w->buffer);
		return;
	}
	if (w->no_files)
		await_files(w);
	w->c->shared = w->plan.shared;
	w->c->released = now_ms();
	w->c->release(w->c->arg);
	buffer_drain(&w->buffer);
}

ssize_t
stream_read(struct work *w, uint8_t *buf, size_t len)
{
	ssize_t n = pipe_await(w->in, w->out);

	if (n <= 0)
		return n;
	if ((n = io_read_some(w->in, buf, len)) > 0)
		w->taken += (uint64_t)n;
	return n;
}

int
stream_failure(ssize_t n)
{
	return n == 0 ? FAILED_GONE : errno == EPIPE ? FAILED_OUT : FAILED_IN;
}

int
stream_skip(struct work *w, uint64_t offset)
{
	while (w->taken < offset) {
		uint64_t left = offset - w->taken;
		ssize_t n = stream_read(w, w->scratch,
		    left < BUFFER_UNIT ? (size_t)left : BUFFER_UNIT);

		if (n <= 0)
			return stream_failure(n);
	}
	return 0;
}

/* Takes *len bytes out of the stream, or as many as came, from offset on. */
static int
take_stream(struct work *w, uint64_t offset, uint8_t *buf, uint64_t *len)
{
	size_t want = (size_t)*len;
	/* The stream does not bring these bytes again, so nothing may need them later. */
	int rc = w->taken < offset ? stream_is_needed(w) : 0;

	if (rc == 0)
		rc = stream_skip(w, offset);
	*len = 0;
	while (rc == 0 && *len < want) {
		ssize_t n = stream_read(w, buf + *len, want - (size_t)*len);

		if (n <= 0)
			rc = stream_failure(n);
		else
			*len += (uint64_t)n;
	}
	w->c->from_stream += *len;
	return rc;
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
		if (b->runs > 0 && r.source != CAPTURE_ZEROS && r.source != CAPTURE_PROCESS) {
			w->ahead = r;
			w->has_ahead = 1;
			break;
		}
		w->runs[b->runs++] = r;
		if (r.source != CAPTURE_ZEROS)
			b->len += (size_t)r.len;
		if (r.source != CAPTURE_ZEROS && r.source != CAPTURE_PROCESS)
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
	/* In the order of the core: a wait here ends, since what is written before has its units. */
	if (b->len > 0 && (b->unit = buffer_take(&w->buffer)) == NULL) {
		errno = EPIPE;
		return FAILED_OUT;
	}
	b->at_once = b->len > 0 && b->runs == 1 && b->run[0].source != CAPTURE_PROCESS;
	if (b->at_once)
		fill_at_once(w, b);
	return 1;
}

int
batch_plan(void *arg, size_t slot)
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
	else
		w->broken = 1;
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

		if (r->source == CAPTURE_ZEROS)
			continue;
		if (proc_memory_read(&w->memory, r->address, b->unit + done, (size_t)r->len) < 0) {
			b->error = errno;
			b->failed = errno == ESRCH ? FAILED_GONE : FAILED_MEMORY;
			b->runs = i;
		}
		done += (size_t)r->len;
	}
	/* Nothing of a later process that got the number may come into the core. */
	if (done > 0 && !proc_memory_has_pid(&w->memory)) {
		b->failed = FAILED_GONE;
		b->runs = 0;
	}
}

int
batch_read(void *arg, size_t slot, size_t worker)
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
	w->broken |= b->failed != 0;
	pthread_mutex_unlock(&w->lock);
	/* The buffer may never be full, and nothing is released. */
	if (b->failed != 0)
		buffer_flow(&w->buffer);
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

/* Writes a part of a unit: the pages themselves, once no unit is taken again. */
static int
write_unit(const struct work *w, const uint8_t *p, size_t len)
{
	return __atomic_load_n(&w->buffer.draining, __ATOMIC_RELAXED) ? pipe_lend(w->out, p, len) :
									io_write(w->out, p, len);
}

/* Counts a piece that was written. */
static void
count(struct capture *c, const struct capture_run *r)
{
	__atomic_store_n(&c->bytes, c->bytes + r->len, __ATOMIC_RELEASE);
	if (r->source == CAPTURE_ZEROS)
		c->untouched += r->len;
	else if (r->source == CAPTURE_PROCESS)
		c->from_process += r->len;
}

int
batch_write(void *arg, size_t slot)
{
	struct work *w = arg;
	struct batch *b = &w->batch[slot];
	struct ordered_load load;
	size_t done = 0;
	int rc = 0, failed = stream_is_needed(w);

	if (failed != 0 && !b->at_once) {
		b->failed = failed;
		b->error = errno;
		b->runs = 0;
	}
	/* Without threads nobody else can fill it, and what is needless is not waited for. */
	if (failed == 0 && ordered_load(&w->ring, &load) == 0)
		buffer_await(&w->buffer);
	for (size_t i = 0; rc == 0 && i < b->runs; i++) {
		const struct capture_run *r = &b->run[i];

		if (r->source == CAPTURE_ZEROS || b->unit == NULL) {
			rc = write_zeros(w, r->len);
		} else {
			rc = write_unit(w, b->unit + done, (size_t)r->len);
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

