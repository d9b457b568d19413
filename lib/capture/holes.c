#include "capture/holes.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "core/small.h"
#include "elf/layout.h"

/* The most pieces of memory between holes: then the least hole grows. */
#define PIECES 60000
#define GROWS 8
#define NOTE 256

/* A piece of memory, with the hole behind it. */
struct piece {
	uint64_t vaddr, len, hole;
};

struct cut {
	struct capture_plan *plan;
	struct piece *piece;
	size_t pieces, room;
	uint64_t least;		/* hole */
	uint64_t left_out;
};

static int
begin_piece(struct cut *c, uint64_t vaddr)
{
	if (ARRAY_GROW(c->piece, c->room, c->pieces, SIZE_MAX) < 0)
		return -1;
	c->piece[c->pieces++] = (struct piece){ .vaddr = vaddr };
	return 0;
}

/* Adds a run of a segment, which goes on where the last piece ends unless it is the first. */
static int
add_run(struct cut *c, const struct capture_run *r, int first)
{
	struct piece *last = first ? NULL : &c->piece[c->pieces - 1];
	uint64_t kept = r->len;

	if ((first || last->hole > 0) && begin_piece(c, r->address) < 0)
		return -1;
	last = &c->piece[c->pieces - 1];
	if (r->source == CAPTURE_ZEROS && r->len >= c->least) {
		/* A piece without a byte would be memory that the core does not have. */
		kept = last->len == 0 ? c->plan->page : 0;
		last->hole = r->len - kept;
		c->left_out += last->hole;
	}
	last->len += kept;
	return 0;
}

/* Finds the holes of at least c->least bytes.  Returns 0, 1 when there are too many, or -1. */
static int
find(struct cut *c)
{
	struct capture_plan *p = c->plan;
	struct capture_run r;
	size_t segment = SIZE_MAX;
	int rc = 0;

	c->pieces = 0;
	c->left_out = 0;
	for (p->now = 0, p->offset = p->memory; rc == 0 && p->now < p->segments;) {
		size_t now = p->now;

		if (capture_plan_memory(p, UINT64_MAX, &r) < 0)
			rc = -1;
		else if (add_run(c, &r, now != segment) < 0)
			rc = -1;
		else if (c->pieces > p->segments + PIECES)
			rc = 1;
		segment = now;
	}
	p->now = 0;
	p->shared = 0;
	return rc;
}

/* What the core without holes looks like. */
struct layout {
	uint64_t headers;	/* program headers */
	uint64_t notes, notes_len, ours;	/* bytes of the notes; and of ours behind them */
	uint64_t memory, end;
	uint8_t note[NOTE];
};

static void
lay_out(struct layout *l, const struct cut *c, const struct core *core)
{
	uint64_t page = c->plan->page, len = 0;
	char text[NOTE / 2];
	int n = snprintf(text, sizeof(text), "holes_left_out=%" PRIu64 "\n", c->left_out);

	for (size_t i = 0; i < c->pieces; i++)
		len += c->piece[i].len;
	l->headers = core->segments - c->plan->segments + c->pieces;
	l->ours = core_note_put(core, text, (size_t)n, l->note);
	l->notes = elf_header_size(ELF_EHDR, core->is64) +
	    l->headers * elf_header_size(ELF_PHDR, core->is64);
	l->notes_len = core->note[0].len;
	l->memory = (l->notes + l->notes_len + l->ours + page - 1) / page * page;
	l->end = l->memory + len;
}

/* Puts the program headers of one segment of the core. */
static size_t
put_segment(uint8_t *to, size_t room, const Elf64_Phdr *from, const struct cut *c, size_t *piece,
    uint64_t *at, const struct core *core)
{
	size_t size = elf_header_size(ELF_PHDR, core->is64), done = 0;
	Elf64_Phdr h = *from;

	for (; *piece < c->pieces && room - done >= size &&
	     c->piece[*piece].vaddr - from->p_vaddr < from->p_filesz; ++*piece) {
		const struct piece *p = &c->piece[*piece];

		h.p_offset = *at;
		h.p_vaddr = p->vaddr;
		h.p_filesz = p->len;
		h.p_memsz = p->len + p->hole;
		/* The kernel's core may have less of a mapping than there is, such as a file's head. */
		if (p->vaddr + h.p_memsz - from->p_vaddr == from->p_filesz)
			h.p_memsz += from->p_memsz - from->p_filesz;
		elf_phdr_put(&h, to + done, core->is64, core->big);
		*at += p->len;
		done += size;
	}
	return done;
}

/* Makes the program headers anew from those at from. */
static int
put_phdrs(uint8_t *to, const uint8_t *from, const struct layout *l, const struct cut *c,
    const struct core *core)
{
	size_t size = elf_header_size(ELF_PHDR, core->is64), piece = 0, done = 0;
	size_t most = (size_t)l->headers * size;
	uint64_t at = l->memory;
	Elf64_Phdr h;

	for (uint64_t i = 0; i < core->segments; i++) {
		elf_phdr_get(&h, from + i * size, core->is64, core->big);
		if (h.p_type == PT_LOAD && h.p_filesz > 0) {
			done += put_segment(to + done, most - done, &h, c, &piece, &at, core);
			continue;
		}
		if (most - done < size || (h.p_type != PT_NOTE && h.p_filesz > 0))
			return -1;
		h.p_offset = at;
		if (h.p_type == PT_NOTE) {
			h.p_offset = l->notes;
			h.p_filesz += l->ours;
		}
		elf_phdr_put(&h, to + done, core->is64, core->big);
		done += size;
	}
	return done == most && piece == c->pieces ? 0 : -1;
}

/* Puts the new headers in place of those in h, which the notes that came with them follow. */
static int
replace_headers(struct capture_head *h, const struct layout *l, const struct cut *c)
{
	const struct core *core = &h->core;
	size_t old = (size_t)core->note[0].offset, notes = (size_t)l->notes;
	uint8_t *bytes = malloc(notes + (h->len - old));
	Elf64_Ehdr e;

	if (bytes == NULL)
		return -1;
	elf_ehdr_get(&e, h->bytes, core->is64, core->big);
	if (put_phdrs(bytes + elf_header_size(ELF_EHDR, core->is64), h->bytes + core->table.offset,
	    l, c, core) < 0) {
		free(bytes);
		errno = EINVAL;
		return -1;
	}
	elf_ehdr_count(&e, l->headers, l->end, core->is64);
	elf_ehdr_put(&e, bytes, core->is64, core->big);
	memcpy(bytes + notes, h->bytes + old, h->len - old);
	free(h->bytes);
	h->bytes = bytes;
	h->len = notes + (h->len - old);
	return 0;
}

/* Our note and the bytes up to memory, and what comes behind memory. */
static int
make_others(struct capture_plan *p, const struct layout *l, const struct core *core)
{
	size_t before = (size_t)(l->memory - l->notes - l->notes_len),
	    behind = l->headers >= PN_XNUM ? elf_header_size(ELF_SHDR, core->is64) : 0;
	uint8_t *bytes = calloc(1, before + behind);

	if (bytes == NULL)
		return -1;
	memcpy(bytes, l->note, (size_t)l->ours);
	if (behind > 0)
		elf_extended_put(bytes + before, (uint32_t)l->headers, core->is64, core->big);
	free(p->made);
	p->made = bytes;
	p->made_before = before;
	p->made_behind = behind;
	return 0;
}

/* Plans the pieces in place of the segments. */
static int
take_pieces(struct capture_plan *p, const struct layout *l, const struct cut *c)
{
	struct capture_segment *segment = calloc(c->pieces, sizeof(*segment));
	uint64_t at = l->memory;

	if (segment == NULL)
		return -1;
	for (size_t i = 0; i < c->pieces; i++) {
		segment[i] = (struct capture_segment){ .offset = at, .len = c->piece[i].len,
			.vaddr = c->piece[i].vaddr };
		at += c->piece[i].len;
	}
	free(p->segment);
	p->segment = segment;
	p->segments = c->pieces;
	p->memory = l->memory;
	p->memory_end = l->end;
	p->end = l->end + p->made_behind;
	p->left_out = c->left_out;
	return 0;
}

static int
leave_out(struct cut *c, struct capture_head *h)
{
	struct capture_plan *p = c->plan;
	const struct core *core = &h->core;
	struct layout l;

	lay_out(&l, c, core);
	/* The headers last: after a failure those of the stream must still be there. */
	if (l.headers > UINT32_MAX || make_others(p, &l, core) < 0 || take_pieces(p, &l, c) < 0 ||
	    replace_headers(h, &l, c) < 0)
		return -1;
	p->stream_end = core->note[0].offset + l.notes_len;
	p->offset = h->len;
	return 0;
}

int
capture_holes_may_exceed(const struct capture_plan *p, uint64_t most)
{
	return most > 0 && p->memory_end - p->memory > most && p->tail == 0;
}

int
capture_holes_leave_out(struct capture_plan *p, struct capture_head *h, uint64_t most)
{
	struct cut c = { .plan = p, .least = HOLES_LEAST };
	const struct core *core = &h->core;
	uint64_t offset = p->offset;
	int rc = 1;

	if (!capture_holes_may_exceed(p, most) || core->notes != 1 ||
	    core->note[0].offset != core->table.offset + core->table.len ||
	    h->len < core->note[0].offset || h->len - core->note[0].offset > core->note[0].len)
		return 0;
	for (; rc == 1; c.least *= GROWS)
		rc = find(&c);
	p->offset = offset;
	if (rc == 0 && c.left_out > most)
		rc = leave_out(&c, h);
	free(c.piece);
	return rc;
}
