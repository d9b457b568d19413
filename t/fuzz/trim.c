/*
 * Fuzz target: the plan of a small core, and the core that is made by it.  Its pages are in the core, in order and
 * there once; it is within its budget; what it has of the memory is what the whole core has there.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/read.h"
#include "target.h"
#include "trim/stream.h"
#include "trim/trim.h"

static const char *patterns[] = { "*lib*", "*" };
static const char *symbols[] = { "*!main" };

static struct trim_options
options_of(struct target_draw *draw, struct trim_span *span)
{
	static const uint64_t budgets[] = { 0, 0, 1, 9000, 20000, 65536 };
	struct trim_options o = { .stack = TRIM_STACK };

	o.budget = budgets[target_draw(draw, 6)];
	o.memory = budgets[target_draw(draw, 6)];
	if (target_draw(draw, 2) == 0)
		o.stack = TRIM_STACK_LEAST;
	o.depth = (unsigned)target_draw(draw, 4);
	o.pattern = patterns;
	o.patterns = (size_t)target_draw(draw, 3);
	*span = (struct trim_span){ .start = target_draw(draw, 2) * 0x400000,
		.len = target_draw(draw, 2) == 0 ? 1 : UINT64_MAX };
	o.span = span;
	o.spans = target_draw(draw, 4) == 0;
	/* For these a process is forked that opens the module, which takes long. */
	o.unwind = target_draw(draw, 16) == 0;
	o.symbol = symbols;
	o.symbols = target_draw(draw, 16) == 0;
	return o;
}

static void
check_segments(const struct trim_segments *g)
{
	for (size_t i = 0; i < g->usable; i++) {
		const struct trim_segment *s = trim_segments_nth(g, i);

		MUST(g->by_address[i].segment < g->count && g->by_address[i].at == s->vaddr);
		MUST(i == 0 || g->by_address[i - 1].at <= s->vaddr);
		MUST(s->type == PT_LOAD && s->filesz > 0 && s->filesz <= UINT64_MAX - s->offset);
		MUST(s->memsz >= s->filesz && s->memsz < UINT64_MAX - TRIM_PAGE - s->vaddr);
	}
}

/* Whether the page has a byte of a segment. */
static int
has_memory(const struct trim_segments *g, uint64_t page)
{
	size_t i = trim_segments_from(g, page);

	return i < g->usable && g->by_address[i].at < page + TRIM_PAGE;
}

static void
check_pages(const struct trim *t)
{
	const struct trim_pages *p = &t->kept.pages;

	MUST(p->sorted && p->count <= TRIM_PAGES);
	for (size_t i = 0; i < p->count; i++) {
		MUST(i == 0 || trim_page_address(p->slot[i - 1]) < trim_page_address(p->slot[i]));
		MUST(trim_page_why(p->slot[i]) >= TRIM_MODULES &&
		    trim_page_why(p->slot[i]) < TRIM_RULES);
		MUST(has_memory(&t->segments, trim_page_address(p->slot[i])));
	}
	if (t->options->memory > 0)
		MUST(p->count * TRIM_PAGE <= t->options->memory);
}

/* What the small core has at an address of a segment that none overlaps is what the whole core has there. */
static void
check_load(const struct core *small, struct image *s, const struct core_load *l,
    const struct trim *t, struct image *whole)
{
	uint8_t a[TRIM_PAGE], b[TRIM_PAGE];
	size_t i = trim_segments_at(&t->segments, l->vaddr), n, k;
	const struct trim_segment *of;

	MUST(i != SIZE_MAX);
	of = &t->segments.segment[i];
	MUST(l->len <= of->filesz - (l->vaddr - of->vaddr));
	for (uint64_t done = 0; done < l->len; done += n) {
		n = l->len - done < sizeof(a) ? (size_t)(l->len - done) : sizeof(a);
		k = core_read_at(small, s, l->vaddr + done, a, n);
		MUST(k == n);
		MUST(image_read(whole, of->offset + (l->vaddr - of->vaddr) + done, b, n) ==
		    (ssize_t)n);
		MUST(memcmp(a, b, n) == 0);
	}
}

static int
by_offset(const void *a, const void *b)
{
	const struct core_load *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* No byte of the file is of two segments. */
static void
check_apart(const struct core *small, uint64_t size)
{
	struct core_load *l = calloc(small->loads + 1, sizeof(*l));

	MUST(l != NULL);
	if (small->loads > 0)
		memcpy(l, small->load, small->loads * sizeof(*l));
	qsort(l, small->loads, sizeof(*l), by_offset);
	for (size_t i = 0; i < small->loads; i++) {
		MUST(l[i].offset <= size && l[i].len <= size - l[i].offset);
		MUST(i == 0 || l[i - 1].offset + l[i - 1].len <= l[i].offset);
	}
	free(l);
}

/* The small core is a core, and whole. */
static void
check_small(const struct trim *t, int fd, struct image *whole)
{
	struct core small;
	struct image *s;
	uint64_t size;

	MUST(image_open(&s, fd) == 0);
	core_open(&small);
	MUST(core_read_image(&small, s, &size) == 0);
	MUST(small.is_core && small.promised <= size);
	MUST(t->options->budget == 0 || size <= t->options->budget);
	MUST(small.is64 == t->core->is64 && small.big == t->core->big);
	check_apart(&small, size);
	if (small.bad == NULL && !small.loads_cut)
		for (size_t i = 0; i < small.loads; i++)
			check_load(&small, s, &small.load[i], t, whole);
	core_close(&small);
	image_close(s);
}

/* Plans, and writes the small core, which must have what the whole one has. */
static void
check_plan(struct trim *t, struct image *whole)
{
	int out = target_file(NULL, 0);

	if (trim_plan(t) == TRIM_OK) {
		check_segments(&t->segments);
		if (trim_write(t, out) == 0) {
			check_pages(t);
			check_small(t, out, whole);
		} else {
			MUST(errno == EIO);
		}
	}
	trim_close(t);
	target_close(out);
}

/* The same of a core that comes in order, whose memory is put aside as it passes. */
static void
check_stream(int fd, const struct trim_options *options, const uint8_t *bytes, size_t len,
    struct image *whole)
{
	struct trim t = { .options = options };
	struct trim_stream s;
	enum trim_status st;
	uint8_t *passed;
	size_t n;
	int out = target_file(NULL, 0);

	trim_stream_init(&s, fd);
	if (trim_stream_head(&s, 0) == TRIM_OK) {
		MUST(trim_stream_select(&s, &t, out, &st) == 0);
		if (st == TRIM_OK)
			check_plan(&t, whole);
		else
			trim_close(&t);
	} else {
		MUST(trim_stream_pass(&s, out) == 0);
	}
	passed = target_bytes(out, &n);
	MUST(n == len && (n == 0 || memcmp(passed, bytes, n) == 0));
	free(passed);
	target_close(out);
	trim_stream_close(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	int fd = target_file(bytes, len);
	struct target_draw draw;
	struct trim_options options;
	struct trim_span span;
	struct image *i;
	struct core c;
	struct trim t;
	uint64_t size;

	target_draw_start(&draw, bytes, len);
	options = options_of(&draw, &span);
	MUST(image_open(&i, fd) == 0);
	if (target_draw(&draw, 3) == 0 && image_size(i) == len) {
		/* Pointers are followed in what can be sought. */
		options.depth = 0;
		check_stream(fd, &options, bytes, len, i);
	} else {
		t = (struct trim){ .core = &c, .head = i, .options = &options,
			.memory = trim_memory_image(i) };
		core_open(&c);
		MUST(core_read_image(&c, i, &size) == 0);
		check_plan(&t, i);
		core_close(&c);
	}
	image_close(i);
	target_close(fd);
	return 0;
}
