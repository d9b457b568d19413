#include "base/ordered.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

struct ordered_state {
	struct ordered *o;
	pthread_mutex_t lock;
	pthread_cond_t freed, filled, finished;
	/* Sequence numbers: chunks that have been read, taken by a worker, written. */
	uint64_t read, taken, written;
	unsigned char *done;		/* by slot: worked on, not written yet */
	int ended;			/* no more will be read */
	int status, error;		/* the first failure of a worker or the writer, its errno */
};

struct worker {
	struct ordered_state *s;
	size_t number;
	pthread_t thread;
};

static void
stop(struct ordered_state *s, int status)
{
	if (s->status == 0) {
		s->status = status;
		s->error = errno;
	}
	pthread_cond_broadcast(&s->freed);
	pthread_cond_broadcast(&s->filled);
	pthread_cond_broadcast(&s->finished);
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct ordered_state *s = w->s;
	int rc;

	pthread_mutex_lock(&s->lock);
	for (;;) {
		size_t slot;

		while (s->taken == s->read && !s->ended && s->status == 0)
			pthread_cond_wait(&s->filled, &s->lock);
		if (s->taken == s->read || s->status != 0)
			break;
		slot = (size_t)(s->taken++ % s->o->slots);
		pthread_mutex_unlock(&s->lock);
		rc = s->o->work(s->o->arg, slot, w->number);
		pthread_mutex_lock(&s->lock);
		if (rc < 0) {
			stop(s, rc);
			break;
		}
		s->done[slot] = 1;
		if (s->written % s->o->slots == slot)
			pthread_cond_signal(&s->finished);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static void *
write_out(void *arg)
{
	struct ordered_state *s = arg;
	int rc;

	pthread_mutex_lock(&s->lock);
	for (;;) {
		size_t slot = (size_t)(s->written % s->o->slots);

		while (!s->done[slot] && !(s->ended && s->written == s->read) && s->status == 0)
			pthread_cond_wait(&s->finished, &s->lock);
		if (!s->done[slot] || s->status != 0)
			break;
		pthread_mutex_unlock(&s->lock);
		rc = s->o->write(s->o->arg, slot);
		pthread_mutex_lock(&s->lock);
		if (rc < 0) {
			stop(s, rc);
			break;
		}
		s->done[slot] = 0;
		s->written++;
		pthread_cond_signal(&s->freed);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* Reads until the end, a failure, or one elsewhere.  Returns 0 or its own failure. */
static int
read_in(struct ordered_state *s)
{
	int rc = 1;

	pthread_mutex_lock(&s->lock);
	while (rc > 0) {
		while (s->read - s->written == s->o->slots && s->status == 0)
			pthread_cond_wait(&s->freed, &s->lock);
		if (s->status != 0)
			break;
		pthread_mutex_unlock(&s->lock);
		rc = s->o->read(s->o->arg, (size_t)(s->read % s->o->slots));
		pthread_mutex_lock(&s->lock);
		if (rc > 0) {
			s->read++;
			pthread_cond_signal(&s->filled);
		}
	}
	s->ended = 1;
	pthread_cond_broadcast(&s->filled);
	pthread_cond_signal(&s->finished);
	pthread_mutex_unlock(&s->lock);
	return rc < 0 ? rc : 0;
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

/* Starts the writer and workers; returns how many workers, 0 when it cannot be done with threads. */
static size_t
start(struct ordered_state *s, pthread_t *writer, struct worker *w)
{
	size_t n = 0;

	if (start_thread(writer, write_out, s) != 0)
		return 0;
	for (; n < s->o->workers; n++) {
		w[n].s = s;
		w[n].number = n;
		if (start_thread(&w[n].thread, work, &w[n]) != 0)
			break;
	}
	/* Fewer workers do as well; none does not. */
	if (n == 0) {
		pthread_mutex_lock(&s->lock);
		s->ended = 1;
		pthread_cond_signal(&s->finished);
		pthread_mutex_unlock(&s->lock);
		pthread_join(*writer, NULL);
	}
	return n;
}

static int
run_threads(struct ordered_state *s, struct worker *w)
{
	pthread_t writer;
	size_t started;
	int status, saved;

	if ((started = start(s, &writer, w)) == 0) {
		s->o->state = NULL;
		return run_alone(s->o);
	}
	status = read_in(s);
	saved = errno;
	for (size_t i = 0; i < started; i++)
		pthread_join(w[i].thread, NULL);
	pthread_join(writer, NULL);
	s->o->written = s->written;
	s->o->read_count = s->read;
	errno = s->status != 0 ? s->error : saved;
	return s->status != 0 ? s->status : status;
}

int
ordered_run(struct ordered *o)
{
	struct ordered_state s = { .o = o };
	struct worker *w;
	int status, saved;

	o->state = NULL;
	o->written = o->read_count = 0;
	if (o->slots == 1)
		return run_alone(o);
	w = calloc(o->workers, sizeof(*w));
	s.done = calloc(o->slots, 1);
	if (w == NULL || s.done == NULL) {
		free(s.done);
		free(w);
		return run_alone(o);
	}
	o->state = &s;
	pthread_mutex_init(&s.lock, NULL);
	pthread_cond_init(&s.freed, NULL);
	pthread_cond_init(&s.filled, NULL);
	pthread_cond_init(&s.finished, NULL);
	status = run_threads(&s, w);
	saved = errno;
	pthread_cond_destroy(&s.finished);
	pthread_cond_destroy(&s.filled);
	pthread_cond_destroy(&s.freed);
	pthread_mutex_destroy(&s.lock);
	free(s.done);
	free(w);
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
