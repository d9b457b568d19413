/*
 * Compresses the same few bytes with engines whose memory lies at many addresses, and counts the
 * outputs that differ from the first.  ISA-L hashes its own address without the last 16 bits.
 */
#define _GNU_SOURCE
#include <err.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/engine.h"

#define ADDRESSES 512
#define STEP ((size_t)64 << 10)

/* A short input has a small table of hashes, and two letters meet the same places in it often. */
static uint8_t input[50];

static size_t
make(int level, enum engine_kind kind, size_t step, uint8_t *out)
{
	size_t len;
	void *gap = NULL;
	struct engine *e;

	if (step > 0 &&
	    (gap = mmap(NULL, step * STEP, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		 -1, 0)) == MAP_FAILED)
		err(2, "mmap");
	if ((e = engine_new(kind, level)) == NULL)
		err(2, "engine_new");
	len = kind == ENGINE_WHOLE ? engine_whole(e, input, sizeof(input), out) :
				     engine_part(e, NULL, 0, input, sizeof(input), out);
	if (len == 0)
		errx(2, "level %d: no output", level);
	engine_free(e);
	if (gap != NULL)
		munmap(gap, step * STEP);
	return len;
}

int
main(void)
{
	static uint8_t first[4096], out[4096];
	size_t others = 0, tried = 0;

	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = "ab"[(i * i * 7 / 5 + i / 3) % 2];
	/* An engine is then mapped, below the gap, and not on the heap. */
	mallopt(M_MMAP_THRESHOLD, (int)STEP);
	for (int level = 0; level <= 9; level++)
		for (enum engine_kind kind = ENGINE_WHOLE; kind <= ENGINE_PART; kind++) {
			size_t len = make(level, kind, 0, first);

			for (size_t step = 1; step <= ADDRESSES; step++, tried++)
				if (make(level, kind, step, out) != len ||
				    memcmp(out, first, len) != 0)
					others++;
		}
	printf("%zu addresses, %zu others\n", tried, others);
	return others != 0;
}
