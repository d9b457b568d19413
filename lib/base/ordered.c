#include "base/ordered.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct ordered_state {
	struct ordered *o;
	pthread_mutex_t lock;
	pthread_cond_t more;		/* there is a job for a thread that sleeps, or no more */
	/* Sequence numbers: chunks that have been read, taken by a worker, written. */
	uint64_t read, taken, written;
	/* By chunk, modulo slots: its slot; whether it is worked on and not written yet. */
	size_t *slot;
	unsigned char *done;
	size_t *unused;			/* slots that have no chunk, unused_count of them */
	size_t unused_count;
	size_t *last;			/* by slot: the thread that worked there last */
	unsigned char *working;		/* by worker: a thread is this one */
	size_t workers;			/* that no thread is */
	int reading, writing;		/* a thread does this now */
	size_t asleep, waking;		/* threads that sleep; of these, those that were woken */
	int ended;			/* no more will be read */
	int status, error;		/* the first failure of a worker or the writer, its errno */
	int read_status, read_error;	/* the reader's */
};

struct thread {
	struct ordered_state *s;
	size_t number;
	pthread_t id;
};

enum job { WAIT, LEAVE, READ, WORK, WRITE };

/* What a thread should do next. */
static enum job
next_job(const struct ordered_state *s)
{
	if (s->status != 0)
		return LEAVE;
	if (!s->writing && s->done[s->written % s->o->slots])
		return WRITE;
	if (s->taken < s->read && s->workers > 0)
		return WORK;
	if (!s->ended && !s->reading && s->unused_count > 0 &&
	    (s->o->reads_wait || s->workers > 0))
		return READ;
	return s->ended && s->taken == s->read ? LEAVE : WAIT;
}

/*
 * Wakes a thread that sleeps if there is a job for it.  To be called before the lock is given up:
 * whatever has changed since it was taken, nobody sleeps through it.
 */
static void
share(struct ordered_state *s)
{
	enum job job = next_job(s);

	if (job == WAIT || s->waking == s->asleep)
		return;
	if (job == LEAVE) {
		s->waking = s->asleep;
		pthread_cond_broadcast(&s->more);
	} else if (s->waking == 0) {
		s->waking = 1;
		pthread_cond_signal(&s->more);
	}
}

static void
sleep_until_more(struct ordered_state *s)
{
	s->asleep++;
	pthread_cond_wait(&s->more, &s->lock);
	s->asleep--;
	if (s->waking > 0)
		s->waking--;
}

/* Takes a slot, if possible the one that this thread used last: it is in its processor's cache. */
static size_t
take_slot(struct ordered_state *s, size_t thread)
{
	size_t i = s->unused_count, slot;

	while (i > 0 && s->last[s->unused[i - 1]] != thread)
		i--;
	if (i > 0)
		i--;
	slot = s->unused[i];
	s->unused_count--;
	memmove(s->unused + i, s->unused + i + 1, (s->unused_count - i) * sizeof(*s->unused));
	return slot;
}

/* Likewise a worker, of which one is free. */
static size_t
take_worker(struct ordered_state *s, size_t thread)
{
	size_t i = thread;

	if (i >= s->o->workers || s->working[i])
		i = 0;
	while (s->working[i])
		i++;
	s->working[i] = 1;
	s->workers--;
	return i;
}

/* The three jobs begin and end with the lock held. */

static void
read_chunk(struct ordered_state *s, size_t thread)
{
	size_t slot = take_slot(s, thread);
	int rc;

	s->reading = 1;
	share(s);
	pthread_mutex_unlock(&s->lock);
	rc = s->o->read(s->o->arg, slot);
	pthread_mutex_lock(&s->lock);
	s->reading = 0;
	if (rc > 0) {
		s->slot[s->read++ % s->o->slots] = slot;
		return;
	}
	s->ended = 1;
	s->read_status = rc;
	s->read_error = errno;
}

static void
fail(struct ordered_state *s, int status)
{
	if (s->status == 0) {
		s->status = status;
		s->error = errno;
	}
}

static void
work_on_chunk(struct ordered_state *s, size_t thread)
{
	size_t at = (size_t)(s->taken++ % s->o->slots), slot = s->slot[at];
	size_t worker = take_worker(s, thread);
	int rc;

	s->last[slot] = thread;
	share(s);
	pthread_mutex_unlock(&s->lock);
	rc = s->o->work(s->o->arg, slot, worker);
	pthread_mutex_lock(&s->lock);
	s->working[worker] = 0;
	s->workers++;
	if (rc < 0)
		fail(s, rc);
	else
		s->done[at] = 1;
}

static void
write_chunk(struct ordered_state *s)
{
	size_t at = (size_t)(s->written % s->o->slots), slot = s->slot[at];
	int rc;

	s->writing = 1;
	share(s);
	pthread_mutex_unlock(&s->lock);
	rc = s->o->write(s->o->arg, slot);
	pthread_mutex_lock(&s->lock);
	s->writing = 0;
	if (rc < 0) {
		fail(s, rc);
		return;
	}
	s->done[at] = 0;
	s->unused[s->unused_count++] = slot;
	s->written++;
}

static void *
do_jobs(void *arg)
{
	struct thread *t = arg;
	struct ordered_state *s = t->s;
	enum job job;

	pthread_mutex_lock(&s->lock);
	while ((job = next_job(s)) != LEAVE) {
		if (job == WRITE)
			write_chunk(s);
		else if (job == WORK)
			work_on_chunk(s, t->number);
		else if (job == READ)
			read_chunk(s, t->number);
		else
			sleep_until_more(s);
	}
	share(s);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static int
run_alone(struct ordered *o)
{
	for (;;) {
		size_t slot = (size_t)(o->read_count % o->slots);
		int rc = o->read(o->arg, slot);

		if (rc <= 0)
			return rc;
		o->read_count++;
		if ((rc = o->work(o->arg, slot, 0)) < 0 || (rc = o->write(o->arg, slot)) < 0)
			return rc;
		o->written++;
	}
}

/*
 * A stack of a fixed size: what a thread has by default is reserved for each, and many threads have no address space
 * left for what they work on where that is limited (setrlimit(2), RLIMIT_AS).
 */
#define STACK (512u * 1024)

static int
start_thread(pthread_t *t, void *(*run)(void *), void *arg)
{
	pthread_attr_t attr;
	int rc;

	if ((rc = pthread_attr_init(&attr)) != 0)
		return rc;
	/* Where it is refused the default does. */
	(void)pthread_attr_setstacksize(&attr, STACK);
	rc = pthread_create(t, &attr, run, arg);
	pthread_attr_destroy(&attr);
	return rc;
}

/* Does all jobs, in this thread and others; returns as ordered_run. */
static int
run_threads(struct ordered_state *s, struct thread *t, size_t threads)
{
	size_t n = 1;

	for (size_t i = 0; i < threads; i++) {
		t[i].s = s;
		t[i].number = i;
	}
	/* Fewer do as well. */
	while (n < threads && start_thread(&t[n].id, do_jobs, &t[n]) == 0)
		n++;
	if (n == 1)
		s->o->state = NULL;
	do_jobs(&t[0]);
	while (--n > 0)
		pthread_join(t[n].id, NULL);
	s->o->written = s->written;
	s->o->read_count = s->read;
	errno = s->status != 0 ? s->error : s->read_error;
	return s->status != 0 ? s->status : s->read_status;
}

/* Memory for s; -1 when there is none. */
static int
prepare(struct ordered_state *s)
{
	size_t slots = s->o->slots;

	s->slot = calloc(slots, sizeof(*s->slot));
	s->done = calloc(slots, 1);
	s->unused = calloc(slots, sizeof(*s->unused));
	s->last = calloc(slots, sizeof(*s->last));
	s->working = calloc(s->o->workers, 1);
	if (s->slot == NULL || s->done == NULL || s->unused == NULL || s->last == NULL ||
	    s->working == NULL)
		return -1;
	for (; s->unused_count < slots; s->unused_count++) {
		s->unused[s->unused_count] = s->unused_count;
		s->last[s->unused_count] = SIZE_MAX;
	}
	s->workers = s->o->workers;
	return 0;
}

static void
release(struct ordered_state *s)
{
	free(s->slot);
	free(s->done);
	free(s->unused);
	free(s->last);
	free(s->working);
}

int
ordered_run(struct ordered *o)
{
	struct ordered_state s = { .o = o };
	size_t threads = o->workers + (o->reads_wait != 0) + (o->writes_wait != 0);
	struct thread *t;
	int status, saved;

	o->state = NULL;
	o->written = o->read_count = 0;
	if (o->slots == 1)
		return run_alone(o);
	t = calloc(threads, sizeof(*t));
	if (t == NULL || prepare(&s) < 0) {
		release(&s);
		free(t);
		return run_alone(o);
	}
	o->state = &s;
	pthread_mutex_init(&s.lock, NULL);
	pthread_cond_init(&s.more, NULL);
	status = run_threads(&s, t, threads);
	saved = errno;
	pthread_cond_destroy(&s.more);
	pthread_mutex_destroy(&s.lock);
	release(&s);
	free(t);
	o->state = NULL;
	errno = saved;
	return status;
}

int
ordered_load(struct ordered *o, struct ordered_load *load)
{
	struct ordered_state *s = o->state;

	if (s == NULL)
		return -1;
	pthread_mutex_lock(&s->lock);
	load->waiting = (size_t)(s->read - s->taken);
	load->ready = 0;
	while (load->ready < o->slots && s->done[(s->written + load->ready) % o->slots])
		load->ready++;
	pthread_mutex_unlock(&s->lock);
	return 0;
}
