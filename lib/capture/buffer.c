#define _GNU_SOURCE
#include "capture/buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Bytes of a huge page: of most machines, and elsewhere a size that is given back at once. */
#define BLOCK (2u * 1024 * 1024)
#define BLOCK_UNITS (BLOCK / BUFFER_UNIT)
#define STEP_UNITS (BUFFER_STEP / BUFFER_UNIT)

/* Maps memory for b->units, or for fewer where address space or what is promised is limited. */
static void *
map_units(struct buffer *b, size_t *blocks)
{
	for (;; b->units /= 2) {
		void *memory;

		if (b->units < b->least)
			b->units = b->least;
		*blocks = b->units / BLOCK_UNITS + 2;
		memory = mmap(NULL, *blocks * BLOCK, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (memory != MAP_FAILED)
			return memory;
		if (b->units == b->least)
			return NULL;
	}
}

int
buffer_open(struct buffer *b, uint64_t most)
{
	size_t blocks;
	void *memory;

	/* What an address space of 32 bits can hold. */
	if (most > SIZE_MAX / 4)
		most = SIZE_MAX / 4;
	if (most / BUFFER_UNIT >= UINT32_MAX / 2)
		most = (uint64_t)BUFFER_UNIT * (UINT32_MAX / 2);
	b->units = (size_t)(most / BUFFER_UNIT);
	if ((memory = map_units(b, &blocks)) == NULL)
		return -1;
	b->memory = (uint8_t *)(((uintptr_t)memory + BLOCK - 1) / BLOCK * BLOCK);
	/* A few units are not worth a huge page. */
	if (b->units > b->least)
		madvise(b->memory, (blocks - 1) * BLOCK, MADV_HUGEPAGE);
	madvise(memory, blocks * BLOCK, MADV_DONTDUMP);
	b->free = malloc(b->units * sizeof(*b->free));
	b->block = calloc(blocks, 1);
	if (b->free == NULL || b->block == NULL) {
		errno = ENOMEM;
		return -1;
	}
	b->limit = b->until_asked = b->least;
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->given, NULL);
	pthread_cond_init(&b->taken, NULL);
	return 0;
}

void
buffer_close(struct buffer *b)
{
	free(b->free);
	free(b->block);
}

/* Asks how many units there may be. */
static void
ask(struct buffer *b)
{
	uint64_t room = b->room(b->arg, (uint64_t)b->in_use * BUFFER_UNIT) / BUFFER_UNIT;

	b->limit = room < b->units ? (size_t)room : b->units;
	if (b->limit < b->least)
		b->limit = b->least;
	b->until_asked = STEP_UNITS;
}

/* A unit that was used last is still in a processor's cache. */
static size_t
pick(struct buffer *b)
{
	size_t n = b->frees > 0 ? b->free[--b->frees] : b->fresh++;

	b->block[n / BLOCK_UNITS]++;
	b->in_use++;
	if ((uint64_t)b->in_use * BUFFER_UNIT > b->peak)
		b->peak = (uint64_t)b->in_use * BUFFER_UNIT;
	return n;
}

static void
flow(struct buffer *b)
{
	b->flows = 1;
	pthread_cond_broadcast(&b->taken);
}

uint8_t *
buffer_take(struct buffer *b)
{
	size_t n = 0;

	pthread_mutex_lock(&b->lock);
	if (b->until_asked == 0)
		ask(b);
	while (!b->stopped && b->in_use >= b->limit) {
		flow(b);
		pthread_cond_wait(&b->given, &b->lock);
	}
	if (!b->stopped) {
		b->until_asked--;
		n = pick(b);
	}
	pthread_mutex_unlock(&b->lock);
	return b->stopped ? NULL : b->memory + n * BUFFER_UNIT;
}

void
buffer_give(struct buffer *b, uint8_t *unit)
{
	size_t n = (size_t)(unit - b->memory) / BUFFER_UNIT;

	pthread_mutex_lock(&b->lock);
	b->in_use--;
	b->free[b->frees++] = (uint32_t)n;
	/* In the order in which it was filled, it becomes empty a huge page at a time. */
	if (--b->block[n / BLOCK_UNITS] == 0 && (b->draining || b->in_use >= b->limit))
		madvise(b->memory + n / BLOCK_UNITS * BLOCK, BLOCK, MADV_DONTNEED);
	if (b->draining && b->until_asked-- == 0)
		ask(b);
	pthread_cond_signal(&b->given);
	pthread_mutex_unlock(&b->lock);
}

void
buffer_await(struct buffer *b)
{
	pthread_mutex_lock(&b->lock);
	while (!b->flows)
		pthread_cond_wait(&b->taken, &b->lock);
	pthread_mutex_unlock(&b->lock);
}

void
buffer_flow(struct buffer *b)
{
	pthread_mutex_lock(&b->lock);
	flow(b);
	pthread_mutex_unlock(&b->lock);
}

void
buffer_drain(struct buffer *b)
{
	pthread_mutex_lock(&b->lock);
	__atomic_store_n(&b->draining, 1, __ATOMIC_RELAXED);
	flow(b);
	pthread_mutex_unlock(&b->lock);
}

void
buffer_stop(struct buffer *b)
{
	pthread_mutex_lock(&b->lock);
	b->stopped = 1;
	pthread_cond_broadcast(&b->given);
	pthread_mutex_unlock(&b->lock);
}
