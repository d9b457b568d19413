#include "trim/selection.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "trim/keep.h"
#include "trim/memory.h"
#include "trim/rules.h"
#include "trim/stacks.h"

/* How much is kept of a name in the link map whose length is not known yet, bytes. */
#define NAME 256

/* Reads memory from the spool.  Memory that may still come reads as zeros. */
static ssize_t
read_spool(void *arg, uint64_t address, uint64_t offset, void *buf, size_t len)
{
	const struct trim_selection *c = arg;
	uint8_t *to = buf;
	size_t n = 0;

	while (n < len) {
		size_t left = TRIM_PAGE - (size_t)((address + n) % TRIM_PAGE);
		size_t take = left < len - n ? left : len - n;

		if (trim_pages_has(&c->there, address + n) != 0) {
			if (io_pread(c->spool, to + n, take, offset + n) != (ssize_t)take)
				break;
		} else if (c->all_seen) {
			break;
		} else {
			memset(to + n, 0, take);
		}
		n += take;
	}
	return (ssize_t)n;
}

enum trim_status
trim_selection_begin(struct trim_selection *c, struct trim *t, int spool)
{
	const struct trim_segments *g = &t->segments;
	enum trim_status st;

	c->trim = t;
	c->spool = spool;
	t->memory = (struct trim_memory){ .source = TRIM_STREAM, .read = read_spool, .arg = c };
	if ((st = trim_foresee(t)) != TRIM_OK)
		return st;
	if ((c->by_offset = calloc(g->usable + 1, sizeof(*c->by_offset))) == NULL)
		return TRIM_SYSTEM;
	for (size_t i = 0; i < g->usable; i++)
		c->by_offset[c->loads++] = (struct trim_place){ .segment = g->by_address[i].segment,
			.at = trim_segments_nth(g, i)->offset };
	trim_places_sort(c->by_offset, c->loads);
	return TRIM_OK;
}

void
trim_selection_close(struct trim_selection *c)
{
	trim_pages_close(&c->there);
	free(c->by_offset);
}

static int
is_full(const struct trim_selection *c)
{
	return c->there.count >= TRIM_STREAM_MOST / TRIM_PAGE;
}

/* Keeps what an entry of the link map that is passing by leads to. */
static void
keep_link(struct trim *t, uint64_t at, uint64_t name)
{
	if (at < UINT64_MAX - TRIM_LINK)
		trim_keep(t, TRIM_LINKS, at, at + TRIM_LINK);
	if (name < UINT64_MAX - NAME)
		trim_keep(t, TRIM_LINKS, name, name + NAME);
}

/* Whether a path of a shared library begins at p[len]. */
static int
is_library(const uint8_t *p, size_t len)
{
	const uint8_t *end;
	size_t n;

	if (p[0] != '/')
		return 0;
	end = memchr(p, '\0', len);
	n = end != NULL ? (size_t)(end - p) : len;
	for (size_t k = 1; k + 3 <= n; k++)
		if (memcmp(p + k, ".so", 3) == 0)
			return 1;
	return 0;
}

/*
 * Whether an entry of the link map begins at p[len], or may do so: as far as p goes.  Its first
 * word is where a file's first byte is, its third an address in the same file.
 */
static int
is_link(struct trim *t, const uint8_t *p, size_t len, uint64_t address)
{
	const struct core_files *f = &t->core->files;
	size_t w = trim_word(t);
	uint64_t start = core_number(t->core, p, w), dynamic;
	const struct core_file *file;

	if (f->count == 0 || start < f->file[0].start || start >= f->file[f->count - 1].end ||
	    start % TRIM_PAGE != 0)
		return 0;
	file = core_files_at(f, start);
	if (file == NULL || file->start != start || file->from != 0)
		return 0;
	if (3 * w > len)
		return 1;
	dynamic = core_number(t->core, p + 2 * w, w);
	if (dynamic < file->start || dynamic >= file->end)
		return 0;
	keep_link(t, address, core_number(t->core, p + w, w));
	return 1;
}

/*
 * Whether a page has entries of the link map, or names of theirs, which are strings of their own.
 * The pointers to them may have passed already, or be still to come.  Keeps what the entries lead
 * to.
 */
static int
has_links(struct trim *t, const uint8_t *p, size_t len, uint64_t address)
{
	size_t w = trim_word(t);
	int found = 0;

	for (size_t i = 0; i + w <= len; i += w) {
		if (!found && i % 16 == 0)
			found = is_library(p + i, len - i);
		found |= is_link(t, p + i, len - i, address + i);
	}
	return found;
}

/* Decides on a page of memory that passes by, or on the part of it that is in segment g. */
static void
consider(struct trim_selection *c, const struct trim_segment *g, const uint8_t *p, size_t len,
    uint64_t address, uint64_t offset)
{
	struct trim *t = c->trim;
	unsigned why = trim_pages_has(&t->kept.pages, address);
	int keep = why != 0;

	if (!keep && (g->flags & PF_X) && core_files_at(&t->core->files, address) == NULL)
		keep = 1;
	if (!keep && (g->flags & PF_W))
		keep = has_links(t, p, len, address);
	if (!keep || c->error != 0 || is_full(c))
		return;
	if (io_pwrite(c->spool, p, len, offset) < 0) {
		c->error = errno;
		return;
	}
	/* It is there already when another segment has a part of it. */
	if (trim_pages_has(&c->there, address) == 0 && trim_pages_add(&c->there, address, 1) < 0)
		t->broken = 1;
	/* A signal frame may have begun in the page before. */
	if (why == TRIM_CRASHED || why == TRIM_STACKS)
		trim_keep_interrupted(t, address < TRIM_PAGE ? 0 : address - TRIM_PAGE,
		    address + len);
}

size_t
trim_selection_look(struct trim_selection *c, const uint8_t *p, size_t n, uint64_t offset)
{
	const struct trim_segments *all = &c->trim->segments;
	uint64_t at = offset, end = offset + n;

	while (at < end && c->load < c->loads) {
		const struct trim_segment *g = &all->segment[c->by_offset[c->load].segment];
		uint64_t address, last, len;

		if (at < g->offset) {
			at = g->offset;
			continue;
		}
		if (at - g->offset >= g->filesz) {
			c->load++;
			continue;
		}
		address = g->vaddr + (at - g->offset);
		last = g->filesz - (at - g->offset);
		len = TRIM_PAGE - address % TRIM_PAGE;
		if (len > last)
			len = last;
		if (len > end - at)
			return (size_t)(at - offset);
		/* An overlapped address belongs to the segment that is found by it. */
		if (trim_segments_at(all, address) == c->by_offset[c->load].segment)
			consider(c, g, p + (at - offset), (size_t)len, address, at);
		at += len;
	}
	/* Behind the last segment there is nothing to look at, whatever comes. */
	return n;
}

void
trim_selection_end(struct trim_selection *c)
{
	c->all_seen = 1;
	trim_close(c->trim);
	c->trim->full = is_full(c);
}
