/*
 * Where memory that was read waits for the stages behind: units of one size, in huge pages where
 * the kernel has some, since it takes far longer to make 64 pages than to fill them.
 */
#ifndef GZCORE_CAPTURE_BUFFER_H
#define GZCORE_CAPTURE_BUFFER_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a unit: what is read at once; larger ones no longer stay in a processor's cache. */
#define BUFFER_UNIT (256u * 1024)
/* Bytes that are asked for at once, and a multiple of what a huge page has. */
#define BUFFER_STEP (32u * 1024 * 1024)

struct buffer {
	/*
	 * The caller's.  room says how many bytes there may be, when have are in use: it is called
	 * again and again, and may say less than before.  least units there may be whatever it says.
	 */
	uint64_t (*room)(void *arg, uint64_t have);
	void *arg;
	size_t least;

	/* Results: the most bytes that were in use at once. */
	uint64_t peak;

	/* Its own. */
	pthread_mutex_t lock;
	pthread_cond_t given, taken;
	uint8_t *memory;	/* for units of them, most of which are never used */
	size_t units;
	size_t limit, in_use;	/* units */
	size_t until_asked;	/* units to be taken, or given back, before room is asked again */
	uint32_t *free;		/* the numbers of units that were used before */
	size_t frees, fresh;	/* how many; the first that never was used */
	uint8_t *block;		/* how many units of each huge page are in use */
	int draining;		/* no more will be taken: what comes back goes back to the kernel */
	int flows;		/* what is in it may be taken away, see buffer_await */
	int stopped;
};

/*
 * most: bytes that it can ever have.  Returns 0, or -1 with errno; buffer_close is called in both
 * cases, and leaves the units mapped, whose pages may be in a pipe.
 */
int buffer_open(struct buffer *b, uint64_t most);
void buffer_close(struct buffer *b);

/* Waits for a unit; NULL once buffer_stop was called. */
uint8_t *buffer_take(struct buffer *b);
void buffer_give(struct buffer *b, uint8_t *unit);

/*
 * Waits until what is in the buffer is to be taken away: it has become full, or nothing more will
 * come, or buffer_flow was called.  Before that the processors are for who fills it.
 */
void buffer_await(struct buffer *b);
void buffer_flow(struct buffer *b);

/* No more will be taken. */
void buffer_drain(struct buffer *b);
/* buffer_take returns NULL from now on. */
void buffer_stop(struct buffer *b);

#endif
