#include "capture/plan.h"

#include <errno.h>
#include <stdlib.h>

#include "elf/layout.h"

static int
by_offset(const void *a, const void *b)
{
	const struct capture_segment *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Whether segments follow each other without gaps, in whole pages. */
static int
is_of_kernel(const struct capture_plan *p)
{
	uint64_t end = p->memory;

	for (size_t i = 0; i < p->segments; i++) {
		const struct capture_segment *s = &p->segment[i];

		if (s->len == 0 || s->offset != end || s->vaddr % p->page != 0 ||
		    s->len % p->page != 0 ||
		    s->len > UINT64_MAX - s->vaddr || s->len > UINT64_MAX - end)
			return 0;
		end += s->len;
	}
	return end == p->memory_end;
}

/*
 * With PN_XNUM a section header behind memory counts the program headers.  It is made, since the
 * stream would have to be read to its end for it; the tags of aarch64's MTE have no other source.
 */
static int
plan_tail(struct capture_plan *p, const struct core *c)
{
	size_t len = elf_header_size(ELF_SHDR, c->is64);

	if (c->promised == p->memory_end)
		return 0;
	if (!c->many || c->promised != p->memory_end + len || c->segments > UINT32_MAX) {
		p->tail = p->memory_end;
		return 0;
	}
	if ((p->made = malloc(len)) == NULL)
		return -1;
	elf_extended_put(p->made, (uint32_t)c->segments, c->is64, c->big);
	p->made_behind = len;
	return 0;
}

int
capture_plan_open(struct capture_plan *p, const struct core *c, uint64_t taken, pid_t pid)
{
	*p = (struct capture_plan){ .offset = taken, .taken = taken, .end = c->promised,
		.segments = c->loads };
	p->pages.fd = -1;
	if (c->loads_cut || c->loads == 0)
		return 1;
	if ((p->segment = malloc(c->loads * sizeof(*p->segment))) == NULL)
		return -1;
	for (size_t i = 0; i < c->loads; i++)
		p->segment[i] = (struct capture_segment){ .offset = c->load[i].offset,
			.len = c->load[i].len, .vaddr = c->load[i].vaddr };
	qsort(p->segment, p->segments, sizeof(*p->segment), by_offset);
	p->memory = p->stream_end = p->segment[0].offset;
	p->memory_end = p->segment[p->segments - 1].offset + p->segment[p->segments - 1].len;
	if (mappings_read(&p->mappings, pid) < 0 || page_map_open(&p->pages, pid) < 0 ||
	    plan_tail(p, c) < 0)
		return -1;
	p->page = p->pages.page;
	return core_head_end(c) == 0 || core_head_end(c) > p->memory || taken > p->memory ||
	    !is_of_kernel(p);
}

void
capture_plan_close(struct capture_plan *p)
{
	free(p->segment);
	free(p->made);
	mappings_close(&p->mappings);
	page_map_close(&p->pages);
}

/* The stream from *at on, as far as to. */
static int
stream(struct capture_plan *p, uint64_t *at, uint64_t to, uint64_t most, struct capture_run *r)
{
	*r = (struct capture_run){ .address = *at, .len = to - *at, .source = CAPTURE_STREAM };
	if (r->len > most)
		r->len = most;
	*at += r->len;
	p->offset += r->len;
	return 1;
}

static int
made(struct capture_plan *p, size_t to, uint64_t most, struct capture_run *r)
{
	*r = (struct capture_run){ .address = p->made_done, .len = to - p->made_done,
		.source = CAPTURE_MADE };
	if (r->len > most)
		r->len = most;
	p->made_done += (size_t)r->len;
	p->offset += r->len;
	return 1;
}

/* The next piece of private anonymous memory from address on; returns -1 with errno. */
static int
anonymous(struct capture_plan *p, uint64_t address, uint64_t end, struct capture_run *r)
{
	uint64_t from, to;
	int rc = page_map_next(&p->pages, address, end, &from, &to);

	if (rc < 0)
		return -1;
	if (rc == 0 || from > address) {
		r->source = CAPTURE_ZEROS;
		r->len = (rc == 0 ? end : from) - address;
	} else {
		r->source = CAPTURE_PROCESS;
		r->len = to - address;
	}
	return 0;
}

int
capture_plan_memory(struct capture_plan *p, uint64_t most, struct capture_run *r)
{
	const struct capture_segment *s = &p->segment[p->now];
	uint64_t address = s->vaddr + (p->offset - s->offset), end = s->vaddr + s->len;
	const struct mapping *m = mappings_from(&p->mappings, address);
	int is_in = m != NULL && m->start <= address;

	if (m != NULL && (is_in ? m->end : m->start) < end)
		end = is_in ? m->end : m->start;
	/* A misled parser may have said so. */
	if (p->offset < s->offset || address >= end) {
		errno = EINVAL;
		return -1;
	}
	*r = (struct capture_run){ .address = address, .len = end - address,
		.source = CAPTURE_PROCESS };
	if (is_in && m->kind != MAPPING_SHARED && anonymous(p, address, end, r) < 0)
		return -1;
	if (r->source != CAPTURE_ZEROS && r->len > most)
		r->len = most;
	if (is_in && m->kind == MAPPING_SHARED)
		p->shared += r->len;
	p->offset += r->len;
	if (p->offset == s->offset + s->len)
		p->now++;
	return 1;
}

int
capture_plan_next(struct capture_plan *p, uint64_t most, struct capture_run *r)
{
	if (p->taken < p->stream_end)
		return stream(p, &p->taken, p->stream_end, most, r);
	if (p->made_done < p->made_before)
		return made(p, p->made_before, most, r);
	if (p->now < p->segments)
		return capture_plan_memory(p, most, r);
	if (p->made_done < p->made_before + p->made_behind)
		return made(p, p->made_before + p->made_behind, most, r);
	return p->tail > 0 && p->tail < p->end ? stream(p, &p->tail, p->end, most, r) : 0;
}
