#include "trim/frames.h"

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
	const struct machine *m = machine_find(t->core->machine);

	trim_words_begin(&f->words, t, start, end);
	f->context = m != NULL ? &m->context : NULL;
	f->count = 0;
}

/* The word that is n words before the last one. */
static uint64_t
before(const struct trim_frames *f, size_t n)
{
	return n < f->count ? f->seen[(f->count - 1 - n) % TRIM_FRAME_WORDS] : 0;
}

/* Whether the words that end with the last one are a saved signal context. */
static int
is_context(const struct trim_frames *f)
{
	const struct machine_context *x = f->context;

	for (size_t i = 0; x != NULL && i < x->words; i++) {
		const struct machine_word *w = &x->word[i];
		uint64_t value = before(f, w->back) & w->mask;

		if (value != w->value && (w->other == 0 || value != w->other))
			return 0;
	}
	return x != NULL && x->words > 0;
}

int
trim_frames_next(struct trim_frames *f, uint64_t *sp)
{
	const struct trim *t = f->words.t;
	uint64_t word;

	while (trim_words_next(&f->words, &word)) {
		f->seen[f->count++ % TRIM_FRAME_WORDS] = word;
		if (!is_context(f))
			continue;
		*sp = before(f, f->context->sp);
		if (*sp % trim_word(t) == 0 && trim_segments_at(&t->segments, *sp) != SIZE_MAX)
			return 1;
	}
	return 0;
}
