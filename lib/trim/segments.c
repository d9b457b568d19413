#include "trim/segments.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>

#include "base/io.h"

/* So many pages that cannot be read one after the other are looked at. */
#define MISSED 4096
/* Program headers that are read at once. */
#define BATCH 512

static void
take_segment(struct trim *t, const uint8_t *p)
{
	const struct core *c = t->core;
	size_t w = trim_word(t), at = c->is64 ? 8 : 4;
	struct trim_segment *s = &t->segment[t->segments++];
	uint64_t align;

	s->type = (uint32_t)core_number(c, p, 4);
	s->flags = (uint32_t)core_number(c, p + (c->is64 ? 4 : 24), 4);
	s->offset = core_number(c, p + at, w);
	s->vaddr = core_number(c, p + at + w, w);
	s->filesz = core_number(c, p + at + 3 * w, w);
	s->memsz = core_number(c, p + at + 4 * w, w);
	/* elfutils rounds a segment's ends to this. */
	align = core_number(c, p + (c->is64 ? 48 : 28), w);
	s->align = align < TRIM_PAGE ? (uint32_t)align : TRIM_PAGE;
	/* What lies about its size has no memory behind its bytes. */
	if (s->memsz < s->filesz)
		s->memsz = s->filesz;
	if (s->type != PT_LOAD)
		return;
	/* None that wraps round the end of the address space, nor ends with it. */
	if (s->filesz == 0 || s->vaddr > UINT64_MAX - TRIM_PAGE || s->memsz >= UINT64_MAX - TRIM_PAGE - s->vaddr ||
	    s->offset > UINT64_MAX - s->filesz)
		s->filesz = 0;
	else
		t->by_address[t->usable++] = (struct trim_place){ .at = s->vaddr, .segment = t->segments - 1 };
}

static int
compare(const void *a, const void *b)
{
	const struct trim_place *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

void
trim_places_sort(struct trim_place *p, size_t n)
{
	if (n > 0)
		qsort(p, n, sizeof(*p), compare);
}

enum trim_status
trim_segments_read(struct trim *t)
{
	const struct core *c = t->core;
	size_t size = c->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr), n = (size_t)c->segments;
	uint8_t *buf = malloc(BATCH * size);
	enum trim_status st = TRIM_SYSTEM;

	t->segment = calloc(n + 1, sizeof(*t->segment));
	t->by_address = calloc(n + 1, sizeof(*t->by_address));
	if (buf == NULL || t->segment == NULL || t->by_address == NULL)
		goto out;
	for (size_t i = 0; i < n; i += BATCH) {
		size_t count = n - i < BATCH ? n - i : BATCH;
		ssize_t got = image_read(t->head, c->table.offset + i * size, buf, count * size);

		if (got != (ssize_t)(count * size)) {
			st = got < 0 && errno != EBADMSG ? TRIM_SYSTEM : TRIM_CUT;
			goto out;
		}
		for (size_t k = 0; k < count; k++)
			take_segment(t, buf + k * size);
	}
	trim_places_sort(t->by_address, t->usable);
	st = TRIM_OK;
out:
	free(buf);
	return st;
}

size_t
trim_segments_from(const struct trim *t, uint64_t address)
{
	size_t from = 0, to = t->usable;
	const struct trim_segment *s;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (t->by_address[middle].at <= address)
			from = middle + 1;
		else
			to = middle;
	}
	if (from == 0)
		return from;
	s = &t->segment[t->by_address[from - 1].segment];
	return address - s->vaddr < s->filesz ? from - 1 : from;
}

/* The same, of a segment that has the byte; NULL when none has. */
static const struct trim_segment *
segment_of(const struct trim *t, uint64_t address)
{
	size_t i = trim_segments_from(t, address);
	const struct trim_segment *s = i < t->usable ? &t->segment[t->by_address[i].segment] : NULL;

	return s != NULL && s->vaddr <= address ? s : NULL;
}

size_t
trim_segment_at(const struct trim *t, uint64_t address)
{
	const struct trim_segment *s = segment_of(t, address);

	return s != NULL ? (size_t)(s - t->segment) : SIZE_MAX;
}

size_t
trim_read(const struct trim *t, uint64_t address, void *buf, size_t len)
{
	const struct trim_segment *s = segment_of(t, address);
	uint64_t at, there;
	ssize_t n;

	if (s == NULL)
		return 0;
	at = address - s->vaddr;
	there = s->filesz - at;
	n = t->memory.read(t->memory.arg, address, s->offset + at, buf, len < there ? len : (size_t)there);
	return n > 0 ? (size_t)n : 0;
}

int
trim_read_word(const struct trim *t, uint64_t address, uint64_t *value)
{
	uint8_t b[8];
	size_t w = trim_word(t);

	if (trim_read(t, address, b, w) != w)
		return -1;
	*value = core_number(t->core, b, w);
	return 0;
}

static ssize_t
read_image(void *arg, uint64_t address, uint64_t offset, void *buf, size_t len)
{
	(void)address;
	return image_read(arg, offset, buf, len);
}

struct trim_memory
trim_memory_image(struct image *i)
{
	return (struct trim_memory){ .source = TRIM_FILE, .read = read_image, .arg = i };
}

/* A page from which a byte can be read, as far as it is in the segment. */
static int
can_be_read(const struct trim *t, uint64_t page, const struct trim_segment *s)
{
	uint64_t start = page < s->vaddr ? s->vaddr : page, end = s->vaddr + s->filesz;
	uint64_t last = end - page < TRIM_PAGE ? end - 1 : page + TRIM_PAGE - 1;
	uint8_t b;

	return trim_read(t, start, &b, 1) == 1 && (last == start || trim_read(t, last, &b, 1) == 1);
}

void
trim_keep(struct trim *t, enum trim_rule rule, uint64_t start, uint64_t end)
{
	/* A page's worth of the budget has the header of a run in it: at most two more for each page. */
	const uint64_t cost = TRIM_PAGE + 2 * (t->core->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr));

	for (uint64_t page = start / TRIM_PAGE * TRIM_PAGE; page < end;) {
		size_t i = trim_segments_from(t, page);
		const struct trim_segment *s = i < t->usable ? &t->segment[t->by_address[i].segment] : NULL;
		uint64_t last;

		if (s == NULL)
			return;
		if (s->vaddr > page)
			page = s->vaddr / TRIM_PAGE * TRIM_PAGE;
		last = s->vaddr + s->filesz < end ? s->vaddr + s->filesz : end;
		/* Another of the same page, or one that another lies over, would not bring us further. */
		if (last <= page)
			last = page + 1;
		for (uint64_t step = TRIM_PAGE, missed = 0; page < last; page += last - page > step ? step : last - page) {
			if (trim_pages_has(&t->pages, page))
				continue;
			/* Of what a header only claims to have we do not look at each page. */
			if (!can_be_read(t, page, s)) {
				if (++missed > MISSED)
					step = step < UINT64_MAX / 2 ? 2 * step : step;
				continue;
			}
			missed = 0;
			step = TRIM_PAGE;
			if (t->left < cost)
				return;
			if (trim_pages_add(&t->pages, page, rule) < 0) {
				t->full |= errno == ENOSPC;
				t->broken |= errno != ENOSPC;
				return;
			}
			t->left -= cost;
			if (t->added != NULL && t->added_count < t->added_room)
				t->added[t->added_count++] = page;
		}
		page = (page + TRIM_PAGE - 1) / TRIM_PAGE * TRIM_PAGE;
	}
}
