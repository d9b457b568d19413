#include "trim/keep.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>

#include "trim/memory.h"

/*
 * After this many consecutive pages that cannot be read, fewer and fewer of a segment's pages are
 * tried.
 */
#define MISSED 4096

const char *
trim_rule_words(enum trim_rule rule)
{
	static const char *const words[] = {
		[TRIM_MODULES] = "modules",
		[TRIM_LINKS] = "link_map",
		[TRIM_CRASHED] = "crashed_stack",
		[TRIM_REGISTERS] = "registers",
		[TRIM_ASKED] = "asked",
		[TRIM_STACKS] = "stacks",
		[TRIM_THREADS] = "threads",
		[TRIM_CODE] = "code",
		[TRIM_DATA] = "data",
		[TRIM_POINTED] = "pointed",
		[TRIM_REST] = "rest",
	};

	return words[rule];
}

/* Whether the first and the last byte of the page that are in the segment can be read. */
static int
can_be_read(const struct trim *t, uint64_t page, const struct trim_segment *s)
{
	uint64_t start = page < s->vaddr ? s->vaddr : page, end = s->vaddr + s->filesz;
	uint64_t last = end - page < TRIM_PAGE ? end - 1 : page + TRIM_PAGE - 1;
	uint8_t b;

	return trim_read(t, start, &b, 1) == 1 && (last == start || trim_read(t, last, &b, 1) == 1);
}

/* Keeps one page.  Returns 0, or -1 when no more can be kept. */
static int
keep_page(struct trim *t, enum trim_rule rule, uint64_t page)
{
	/*
	 * Each page may begin a run of its own: then it costs a header for the run, and one for the
	 * gap before it.
	 */
	const size_t header = elf_header_size(ELF_PHDR, t->core->is64);
	const uint64_t cost = TRIM_PAGE + 2 * header;
	struct trim_trail *trail = &t->kept.trail;

	if (t->kept.left < cost)
		return -1;
	if (trim_pages_add(&t->kept.pages, page, rule) < 0) {
		t->full |= errno == ENOSPC;
		t->broken |= errno != ENOSPC;
		return -1;
	}
	t->kept.left -= cost;
	if (trail->count < trail->room)
		trail->page[trail->count++] = page;
	return 0;
}

/*
 * Keeps the pages of [page, end), all of one segment.  Returns 0, or -1 when no more can be kept.
 */
static int
keep_pages(struct trim *t, enum trim_rule rule, const struct trim_segment *s, uint64_t page,
    uint64_t end)
{
	uint64_t step = TRIM_PAGE, missed = 0;

	for (; page < end; page += end - page > step ? step : end - page) {
		if (trim_pages_has(&t->kept.pages, page))
			continue;
		/* A hostile header may claim more than can be tried page by page. */
		if (!can_be_read(t, page, s)) {
			if (++missed > MISSED)
				step = step < UINT64_MAX / 2 ? 2 * step : step;
			continue;
		}
		missed = 0;
		step = TRIM_PAGE;
		if (keep_page(t, rule, page) < 0)
			return -1;
	}
	return 0;
}

void
trim_keep(struct trim *t, enum trim_rule rule, uint64_t start, uint64_t end)
{
	for (uint64_t page = start / TRIM_PAGE * TRIM_PAGE; page < end;) {
		size_t i = trim_segments_from(&t->segments, page);
		const struct trim_segment *s;
		uint64_t last;

		if (i == t->segments.usable)
			return;
		s = trim_segments_nth(&t->segments, i);
		if (s->vaddr > page)
			page = s->vaddr / TRIM_PAGE * TRIM_PAGE;
		last = s->vaddr + s->filesz < end ? s->vaddr + s->filesz : end;
		/*
		 * A second segment in this page, or an overlapped one, would not advance the page:
		 * force progress.
		 */
		if (last <= page)
			last = page + 1;
		if (keep_pages(t, rule, s, page, last) < 0)
			return;
		page = (last + TRIM_PAGE - 1) / TRIM_PAGE * TRIM_PAGE;
	}
}

int
trim_trail_begin(struct trim *t, size_t room)
{
	struct trim_trail trail = { .page = calloc(room, sizeof(*trail.page)), .room = room };

	if (trail.page == NULL)
		return -1;
	t->kept.trail = trail;
	return 0;
}

void
trim_trail_end(struct trim *t)
{
	free(t->kept.trail.page);
	t->kept.trail = (struct trim_trail){ .page = NULL };
}
