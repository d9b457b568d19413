#include "trim/frames.h"

#include <elf.h>

#include "trim/memory.h"

/*
 * Give up after this many consecutive pages that are not kept: only a hostile header has such a
 * gap.
 */
#define MISSED 4096

void
trim_words_begin(struct trim_words *w, const struct trim *t, uint64_t start, uint64_t end)
{
	w->t = t;
	w->start = start;
	w->end = end;
	w->page = start / TRIM_PAGE * TRIM_PAGE;
	w->missed = 0;
	w->len = w->at = 0;
}

/* Reads the next page that is kept; 0 when there is none. */
static int
next_page(struct trim_words *w)
{
	size_t size = trim_word(w->t);

	while (w->page < w->end && w->missed < MISSED) {
		uint64_t page = w->page, from = page;

		if (from < w->start)
			from = (w->start + size - 1) / size * size;
		w->page += TRIM_PAGE;
		if (!trim_pages_has(&w->t->kept.pages, page)) {
			w->missed++;
			continue;
		}
		w->missed = 0;
		w->len = trim_read(w->t, from, w->bytes, (size_t)(page + TRIM_PAGE - from));
		w->at = 0;
		return 1;
	}
	return 0;
}

int
trim_words_next(struct trim_words *w, uint64_t *word)
{
	size_t size = trim_word(w->t);

	while (w->at + size > w->len)
		if (!next_page(w))
			return 0;
	*word = core_number(w->t->core, w->bytes + w->at, size);
	w->at += size;
	return 1;
}

void
trim_frames_begin(struct trim_frames *f, const struct trim *t, uint64_t start, uint64_t end)
{
	trim_words_begin(&f->words, t, start, end);
	f->count = 0;
}

/* The word that is n words before the last one. */
static uint64_t
before(const struct trim_frames *f, size_t n)
{
	return n < f->count ? f->seen[(f->count - 1 - n) % TRIM_FRAME_WORDS] : 0;
}

/*
 * Recognises a saved signal context by the last word of a known pattern.  Returns how many words
 * before it the stack pointer is, or -1.
 */
static int
find_context(const struct trim_frames *f)
{
	uint64_t last = before(f, 0);

	switch (f->words.t->core->machine) {
	case EM_X86_64:
		/* rsp, rip, eflags whose bit 1 is always set, cs: 0x33 for a program's code. */
		return (last & 0xffff) == 0x33 && (before(f, 1) & 2) &&
		    before(f, 1) < 1u << 22 ? 3 : -1;
	case EM_386:
		/* esp ebx edx ecx eax trapno err eip cs eflags esp_at_signal ss. */
		return ((last & 0xffff) == 0x2b || (last & 0xffff) == 0x7b) && (before(f, 2) & 2) &&
		    ((before(f, 3) & 0xffff) == 0x23 || (before(f, 3) & 0xffff) == 0x73) ? 11 : -1;
	case EM_AARCH64:
		/* sp, pc, pstate, padding, then the first record: FPSIMD_MAGIC and its size. */
		return last == UINT64_C(0x0000021046508001) ? 4 : -1;
	case EM_ARM:
		/*
		 * trap_no, error_code, oldmask, r0 to r10, fp, ip, sp, lr, pc, cpsr: user mode, its
		 * middle bits zeros.
		 */
		return (last & 0x0f00ff1f) == 0x10 && before(f, 19) < 32 ? 3 : -1;
	}
	return -1;
}

int
trim_frames_next(struct trim_frames *f, uint64_t *sp)
{
	const struct trim *t = f->words.t;
	uint64_t word;
	int back;

	while (trim_words_next(&f->words, &word)) {
		f->seen[f->count++ % TRIM_FRAME_WORDS] = word;
		if ((back = find_context(f)) < 0)
			continue;
		*sp = before(f, (size_t)back);
		if (*sp % trim_word(t) == 0 && trim_segments_at(&t->segments, *sp) != SIZE_MAX)
			return 1;
	}
	return 0;
}
