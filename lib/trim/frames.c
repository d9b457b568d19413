#include "trim/frames.h"

#include <elf.h>

#include "trim/segments.h"

/* So many pages in a row that are not kept are behind the last that is, unless the range is that of a hostile header. */
#define MISSED 4096
/* The most words of a sigcontext behind or before the one that shows it. */
#define AROUND 40

void
trim_frames_words(const struct trim *t, uint64_t start, uint64_t end, void (*each)(void *arg, uint64_t word), void *arg)
{
	size_t w = trim_word(t);
	uint8_t b[TRIM_PAGE];
	unsigned missed = 0;

	for (uint64_t page = start / TRIM_PAGE * TRIM_PAGE; page < end && missed < MISSED; page += TRIM_PAGE) {
		uint64_t from = page < start ? (start + w - 1) / w * w : page;
		size_t n;

		if (!trim_pages_has(&t->pages, page)) {
			missed++;
			continue;
		}
		missed = 0;
		n = trim_read(t, from, b, (size_t)(page + TRIM_PAGE - from));
		for (size_t at = 0; at + w <= n; at += w)
			each(arg, core_number(t->core, b + at, w));
	}
}

/* Words of one stack in a row, the last AROUND of which are seen at once. */
struct row {
	const struct trim *t;
	uint64_t word[AROUND];		/* a ring; the last is word[count % AROUND] */
	size_t count;
	void (*each)(void *arg, uint64_t sp);
	void *arg;
};

/* So many words before the last. */
static uint64_t
before(const struct row *r, size_t n)
{
	return n < r->count ? r->word[(r->count - 1 - n) % AROUND] : 0;
}

/*
 * A word that ends what tells a sigcontext: of x86-64 the segments behind the flags, 0x33 for a program's code; of 386
 * the stack's segment; of aarch64 the head of the first record behind the registers; of arm the status of a program.
 * Returns how many words before it the stack pointer is, or -1.
 */
static int
shows(const struct row *r)
{
	uint64_t last = before(r, 0);

	switch (r->t->core->machine) {
	case EM_X86_64:
		/* rsp, rip, eflags of which bit 1 is always set, cs. */
		return (last & 0xffff) == 0x33 && (before(r, 1) & 2) && before(r, 1) < 1u << 22 ? 3 : -1;
	case EM_386:
		/* esp ebx edx ecx eax trapno err eip cs eflags esp_at_signal ss. */
		return ((last & 0xffff) == 0x2b || (last & 0xffff) == 0x7b) && (before(r, 2) & 2) &&
		    ((before(r, 3) & 0xffff) == 0x23 || (before(r, 3) & 0xffff) == 0x73) ? 11 : -1;
	case EM_AARCH64:
		/* sp, pc, pstate, filling, FPSIMD_MAGIC and its size. */
		return last == UINT64_C(0x0000021046508001) ? 4 : -1;
	case EM_ARM:
		/* trap_no, error_code, oldmask, r0 to r10, fp, ip, sp, lr, pc, cpsr in user mode, of which the middle bits are zeros. */
		return (last & 0x0f00ff1f) == 0x10 && before(r, 19) < 32 ? 3 : -1;
	}
	return -1;
}

static void
each_word(void *arg, uint64_t word)
{
	struct row *r = arg;
	uint64_t sp;
	int back;

	r->word[r->count++ % AROUND] = word;
	if ((back = shows(r)) < 0)
		return;
	sp = before(r, (size_t)back);
	if (sp % trim_word(r->t) == 0 && trim_segment_at(r->t, sp) != SIZE_MAX)
		r->each(r->arg, sp);
}

void
trim_frames_signals(const struct trim *t, uint64_t start, uint64_t end, void (*each)(void *arg, uint64_t sp), void *arg)
{
	struct row r = { .t = t, .each = each, .arg = arg };

	trim_frames_words(t, start, end, each_word, &r);
}
