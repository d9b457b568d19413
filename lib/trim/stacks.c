#include "trim/stacks.h"

#include <elf.h>
#include <stdlib.h>

#include "base/array.h"
#include "trim/frames.h"
#include "trim/keep.h"

/*
 * How much is kept below a stack's pointer, bytes: a leaf function's red zone, and what it was
 * about to push.
 */
#define BELOW 256
/*
 * How far above a stack pointer without memory its stack may begin: the pointer is in the guard
 * below the stack.
 */
#define GUARD (1024u * 1024)
/* The most stacks of one thread: each signal handler can have one. */
#define NESTED 8
/* The list of stacks does not grow behind this many. */
#define STACKS (2 * CORE_THREADS)

int
trim_thread_next(const struct trim *t, struct core_threads *walk, uint64_t r[TRIM_REGISTERS_MOST])
{
	size_t w = t->registers->word, n = t->registers->count * w;
	uint8_t b[TRIM_REGISTERS_MOST * 8];
	struct core_status s;

	if (!core_threads_next(walk, t->core, t->head, &s) ||
	    image_read(t->head, s.registers, b, n) != (ssize_t)n)
		return 0;
	for (size_t k = 0; k < t->registers->count; k++)
		r[k] = core_number(t->core, b + k * w, w);
	return 1;
}

static void
add_stack(struct trim *t, const struct trim_stack *s)
{
	struct trim_stacks *all = &t->stacks;

	if (all->count >= STACKS)
		return;
	if (ARRAY_GROW(all->stack, all->room, all->count, STACKS) < 0)
		t->broken = 1;
	else
		all->stack[all->count++] = *s;
}

/*
 * Finds the stack that a pointer leads to, len bytes of it at most; 0 when there is none.  It goes
 * on through mappings that touch: a stack is several where a part of it was given another name.
 */
static int
find_stack(const struct trim *t, uint64_t sp, uint64_t limit, uint64_t len, struct trim_stack *w)
{
	const struct trim_segments *g = &t->segments;
	size_t i = trim_segments_from(g, sp);
	const struct trim_segment *s;

	if (i == g->usable)
		return 0;
	s = trim_segments_nth(g, i);
	w->sp = sp;
	w->limit = limit;
	if (s->vaddr > sp) {
		/* The stack ran over: its contents are above the guard. */
		if (s->vaddr - sp > GUARD)
			return 0;
		w->start = s->vaddr;
	} else {
		w->start = sp - s->vaddr < BELOW ? s->vaddr : sp - BELOW;
	}
	if (!(s->flags & PF_W))
		return 0;
	w->end = s->vaddr + s->filesz;
	while (w->end - w->start < len && s->filesz == s->memsz && ++i < g->usable) {
		s = trim_segments_nth(g, i);
		if (s->vaddr != w->end || !(s->flags & PF_W))
			break;
		w->end = s->vaddr + s->filesz;
	}
	if (w->end - w->start > len)
		w->end = w->start + len;
	if (w->end > limit)
		w->end = limit;
	return 1;
}

/* Whether all of it is kept as a stack already: then its signal frames have been found too. */
static int
is_kept(const struct trim *t, const struct trim_stack *s)
{
	for (uint64_t page = s->start / TRIM_PAGE * TRIM_PAGE; page < s->end; page += TRIM_PAGE) {
		unsigned why = trim_pages_has(&t->kept.pages, page);

		if (why != TRIM_CRASHED && why != TRIM_STACKS)
			return 0;
	}
	return 1;
}

/*
 * A thread's own data is at the top of its stack: behind that, memory belongs to others.  tp 0: not
 * known.
 */
static uint64_t
top_of(uint64_t sp, uint64_t tp)
{
	return tp > sp && tp < UINT64_MAX - TRIM_THREAD ? tp + TRIM_THREAD : UINT64_MAX;
}

/* Keeps the stack that a pointer leads to, if any, as much of it as the options say. */
static void
keep_stack(struct trim *t, enum trim_rule rule, uint64_t sp, uint64_t tp)
{
	struct trim_stack s;

	if (!find_stack(t, sp, top_of(sp, tp), t->options->stack, &s))
		return;
	trim_keep(t, rule, s.start, s.end);
	add_stack(t, &s);
}

/*
 * Keeps the stacks that stack number k of a thread interrupted, as long as there are fewer than
 * most.
 */
static void
keep_interrupted_by(struct trim *t, enum trim_rule rule, size_t k, size_t most, uint64_t tp)
{
	const uint64_t start = t->stacks.stack[k].start, end = t->stacks.stack[k].end;
	struct trim_frames frames;
	struct trim_stack s;
	uint64_t sp;

	trim_frames_begin(&frames, t, start, end);
	while (trim_frames_next(&frames, &sp))
		if ((sp < start || sp >= end) && t->stacks.count < most &&
		    find_stack(t, sp, top_of(sp, tp), t->options->stack, &s) && !is_kept(t, &s)) {
			trim_keep(t, rule, s.start, s.end);
			add_stack(t, &s);
		}
}

/* Keeps a thread's stacks. */
static void
keep_thread(struct trim *t, enum trim_rule rule, const uint64_t *r)
{
	uint64_t tp = t->registers->tp != 0 ? r[t->registers->tp] : 0;
	size_t next = t->stacks.count, most = next + NESTED;

	/* Even where another thread has kept it. */
	keep_stack(t, rule, r[t->registers->sp], tp);
	/* Each stack in the list may append further ones, whose turn comes then. */
	while (next < t->stacks.count)
		keep_interrupted_by(t, rule, next++, most, tp);
}

size_t
trim_keep_crashed_stack(struct trim *t)
{
	struct core_threads walk = { 0 };
	uint64_t r[TRIM_REGISTERS_MOST];

	if (!trim_thread_next(t, &walk, r))
		return 0;
	keep_thread(t, TRIM_CRASHED, r);
	return 1;
}

size_t
trim_keep_other_stacks(struct trim *t)
{
	struct core_threads walk = { 0 };
	uint64_t r[TRIM_REGISTERS_MOST];
	size_t n = 0;

	while (trim_thread_next(t, &walk, r))
		if (n++ > 0)
			keep_thread(t, TRIM_STACKS, r);
	return n;
}

void
trim_keep_interrupted(struct trim *t, uint64_t start, uint64_t end)
{
	struct trim_frames frames;
	uint64_t sp;

	trim_frames_begin(&frames, t, start, end);
	while (trim_frames_next(&frames, &sp))
		keep_stack(t, TRIM_STACKS, sp, 0);
}

void
trim_keep_whole_stacks(struct trim *t)
{
	struct trim_stack s;

	for (size_t k = 0; k < t->stacks.count; k++)
		if (find_stack(t, t->stacks.stack[k].sp, t->stacks.stack[k].limit, UINT64_MAX, &s))
			trim_keep(t, TRIM_REST, s.start, s.end);
}
