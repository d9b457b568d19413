#include "trim/segments.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>

#include "base/search.h"
#include "elf/layout.h"
#include "trim/memory.h"
#include "trim/pages.h"

/* Program headers that are read at once. */
#define BATCH 512

static void
take_segment(struct trim_segments *g, const struct core *c, const uint8_t *p)
{
	struct trim_segment *s = &g->segment[g->count++];
	Elf64_Phdr h;

	elf_phdr_get(&h, p, c->is64, c->big);
	s->type = h.p_type;
	s->flags = h.p_flags;
	s->offset = h.p_offset;
	s->vaddr = h.p_vaddr;
	s->filesz = h.p_filesz;
	s->memsz = h.p_memsz;
	/* elfutils rounds a segment's ends to this. */
	s->align = h.p_align < TRIM_PAGE ? (uint32_t)h.p_align : TRIM_PAGE;
	/* A header that lies about its size has no memory behind its bytes. */
	if (s->memsz < s->filesz)
		s->memsz = s->filesz;
	if (s->type != PT_LOAD)
		return;
	/* A segment must not wrap round the end of the address space, nor end there. */
	if (s->filesz == 0 || s->vaddr > UINT64_MAX - TRIM_PAGE ||
	    s->memsz >= UINT64_MAX - TRIM_PAGE - s->vaddr || s->offset > UINT64_MAX - s->filesz)
		s->filesz = 0;
	else
		g->by_address[g->usable++] =
		    (struct trim_place){ .at = s->vaddr, .segment = g->count - 1 };
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

int
trim_segments_read(struct trim_segments *g, const struct core *c, struct image *head)
{
	size_t size = elf_header_size(ELF_PHDR, c->is64), n = (size_t)c->segments;
	uint8_t *buf = malloc(BATCH * size);
	int rc = -1;

	g->segment = calloc(n + 1, sizeof(*g->segment));
	g->by_address = calloc(n + 1, sizeof(*g->by_address));
	if (buf == NULL || g->segment == NULL || g->by_address == NULL)
		goto out;
	for (size_t i = 0; i < n; i += BATCH) {
		size_t count = n - i < BATCH ? n - i : BATCH;
		ssize_t got = image_read(head, c->table.offset + i * size, buf, count * size);

		if (got != (ssize_t)(count * size)) {
			if (got >= 0)
				errno = EBADMSG;
			goto out;
		}
		for (size_t k = 0; k < count; k++)
			take_segment(g, c, buf + k * size);
	}
	trim_places_sort(g->by_address, g->usable);
	rc = 0;
out:
	free(buf);
	return rc;
}

void
trim_segments_close(struct trim_segments *g)
{
	free(g->segment);
	free(g->by_address);
	*g = (struct trim_segments){ .segment = NULL };
}

size_t
trim_segments_from(const struct trim_segments *g, uint64_t address)
{
	size_t next = SEARCH_AFTER(struct trim_place, at, g->by_address, g->usable, address);
	const struct trim_segment *s;

	if (next == 0)
		return 0;
	s = trim_segments_nth(g, next - 1);
	return address - s->vaddr < s->filesz ? next - 1 : next;
}

size_t
trim_segments_at(const struct trim_segments *g, uint64_t address)
{
	size_t i = trim_segments_from(g, address);

	if (i == g->usable || g->by_address[i].at > address)
		return SIZE_MAX;
	return g->by_address[i].segment;
}

size_t
trim_read(const struct trim *t, uint64_t address, void *buf, size_t len)
{
	size_t i = trim_segments_at(&t->segments, address);
	const struct trim_segment *s;
	uint64_t at;
	ssize_t n;

	if (i == SIZE_MAX)
		return 0;
	s = &t->segments.segment[i];
	at = address - s->vaddr;
	if (len > s->filesz - at)
		len = (size_t)(s->filesz - at);
	n = t->memory.read(t->memory.arg, address, s->offset + at, buf, len);
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
