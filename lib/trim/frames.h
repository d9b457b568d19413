/* Reads stacks: their words, and the frames of signal handlers. */
#ifndef GZCORE_TRIM_FRAMES_H
#define GZCORE_TRIM_FRAMES_H

#include <stdint.h>

#include "elf/machine_table.h"
#include "trim/trim.h"

/* The most words of a saved signal context before the last word of its pattern. */
#define TRIM_FRAME_WORDS 40

/*
 * A walk over the aligned words of [start, end) in pages that are kept, also in those that are
 * added on the way.
 */
struct trim_words {
	const struct trim *t;
	uint64_t start, end;
	uint64_t page;			/* the one to try next */
	unsigned missed;		/* pages in a row that were not kept */
	uint8_t bytes[TRIM_PAGE];	/* of the last one that was */
	size_t len, at;			/* how many there are, and the next one */
};

void trim_words_begin(struct trim_words *w, const struct trim *t, uint64_t start, uint64_t end);

/* Returns 1 and the next word; 0 at the end. */
int trim_words_next(struct trim_words *w, uint64_t *word);

/*
 * A walk over the same words for what looks like the frame of a signal (struct sigcontext of
 * arch/.../include/uapi/asm/sigcontext.h), of
 * machines whose pattern is known.
 */
struct trim_frames {
	struct trim_words words;
	const struct machine_context *context;	/* what to look for, or NULL */
	/* A ring: the last of the count words so far is seen[(count - 1) % TRIM_FRAME_WORDS]. */
	uint64_t seen[TRIM_FRAME_WORDS];
	size_t count;
};

void trim_frames_begin(struct trim_frames *f, const struct trim *t, uint64_t start, uint64_t end);

/*
 * Returns 1 and the stack pointer that the next signal interrupted, which leads to memory of the
 * core; 0 at the end.
 */
int trim_frames_next(struct trim_frames *f, uint64_t *sp);

#endif
