#include "core/core.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "core/files_note.h"
#include "core/private.h"
#include "elf/layout.h"

void
core_open(struct core *c)
{
	memset(c, 0, sizeof(*c));
	if ((c->parser = calloc(1, sizeof(*c->parser))) == NULL)
		c->bad = "no memory to read it";
	else
		c->parser->head.len = EI_NIDENT;
}

void
core_close(struct core *c)
{
	core_files_close(&c->files);
	free(c->load);
	free(c->map);
	free(c->thread);
	c->load = NULL;
	c->thread = NULL;
	if (c->parser != NULL) {
		free(c->parser->image);
		free(c->parser->held_image);
		free(c->parser);
	}
	c->parser = NULL;
}

uint64_t
core_number(const struct core *c, const uint8_t *p, size_t n)
{
	return elf_number(p, n, c->big);
}

void
core_number_put(const struct core *c, uint8_t *p, size_t n, uint64_t value)
{
	elf_number_put(p, n, c->big, value);
}

/* The bytes of a range that have not been shown yet. */
static uint64_t
left_of(const struct core_range *r)
{
	return r->len - r->done;
}

/* Ends all parsing: what was found stays, nothing more is wanted. */
static void
give_up(struct core *c, const char *why)
{
	if (c->bad == NULL)
		c->bad = why;
	c->parser->head.done = c->parser->head.len;
	c->table.done = c->table.len;
	c->parser->image_next = c->parser->images;
	for (int i = 0; i < c->notes; i++)
		c->note[i].done = c->note[i].len;
}

/* The core has these bytes, by a header.  Returns 0, or -1, having given up: no file can have them. */
static int
promise(struct core *c, uint64_t offset, uint64_t len)
{
	if (len > UINT64_MAX - offset) {
		c->promised = UINT64_MAX;
		give_up(c, "a header leads past the end of any file");
		return -1;
	}
	if (offset + len > c->promised)
		c->promised = offset + len;
	return 0;
}

/* The first bytes of the file header: how long it is follows from its class. */
static void
parse_ident(struct core *c, const uint8_t *p)
{
	if (memcmp(p, ELFMAG, SELFMAG) != 0) {
		give_up(c, "not an ELF file");
	} else if ((p[EI_CLASS] != ELFCLASS32 && p[EI_CLASS] != ELFCLASS64) ||
	    (p[EI_DATA] != ELFDATA2LSB && p[EI_DATA] != ELFDATA2MSB)) {
		give_up(c, "an ELF file of an unknown class or byte order");
	} else {
		c->is64 = p[EI_CLASS] == ELFCLASS64;
		c->big = p[EI_DATA] == ELFDATA2MSB;
		c->parser->head.len = elf_header_size(ELF_EHDR, c->is64);
	}
}

static void
parse_head(struct core *c, const uint8_t *p)
{
	size_t entry = elf_header_size(ELF_PHDR, c->is64);
	Elf64_Ehdr h;

	elf_ehdr_get(&h, p, c->is64, c->big);
	if (h.e_type != ET_CORE) {
		give_up(c, "an ELF file, but not a core");
		return;
	}
	c->machine = h.e_machine;
	if (h.e_phentsize != entry || h.e_phnum == 0 || h.e_phoff < c->parser->head.len) {
		give_up(c, "a core with a damaged file header");
		return;
	}
	c->is_core = 1;
	c->table.offset = h.e_phoff;
	/*
	 * With PN_XNUM the true number stands at the core's end; the offsets of the segments will
	 * bound it.
	 */
	c->many = h.e_phnum == PN_XNUM;
	c->table.len = entry * (c->many ? CORE_SEGMENTS : h.e_phnum);
	/* A guess goes no further than a file can. */
	if (c->many && c->table.len > UINT64_MAX - h.e_phoff)
		c->table.len = (UINT64_MAX - h.e_phoff) / entry * entry;
	promise(c, h.e_phoff, entry * (c->many ? 1u : h.e_phnum));
	if (h.e_shoff != 0)
		promise(c, h.e_shoff, (uint64_t)h.e_shentsize * h.e_shnum);
}

static void
add_load(struct core *c, uint64_t offset, uint64_t len, uint64_t vaddr)
{
	if (ARRAY_GROW(c->load, c->parser->load_room, c->loads, CORE_LOADS) < 0) {
		c->loads_cut = 1;
		return;
	}
	c->load[c->loads++] = (struct core_load){ .offset = offset, .len = len, .vaddr = vaddr };
}

/* What a small core left out has the type PT_NULL. */
static void
add_map(struct core *c, const Elf64_Phdr *h)
{
	if ((h->p_type != PT_LOAD && h->p_type != PT_NULL) || h->p_memsz == 0 ||
	    h->p_memsz > UINT64_MAX - h->p_vaddr ||
	    ARRAY_GROW(c->map, c->parser->map_room, c->maps, CORE_LOADS) < 0)
		return;
	c->map[c->maps++] = (struct core_map){ .start = h->p_vaddr, .len = h->p_memsz,
		.flags = h->p_flags };
}

static void
parse_segment(struct core *c, const uint8_t *p)
{
	uint64_t entry = elf_header_size(ELF_PHDR, c->is64);
	Elf64_Phdr h;

	elf_phdr_get(&h, p, c->is64, c->big);
	c->segments++;
	if (c->many) {
		/*
		 * In the kernel's cores the table ends where the nearest segment behind it starts.
		 */
		if (h.p_filesz > 0 && h.p_offset >= c->table.offset + c->table.done &&
		    h.p_offset - c->table.offset < c->table.len)
			c->table.len = (h.p_offset - c->table.offset) / entry * entry;
		promise(c, c->table.offset, c->table.done);
	}
	if (c->segments == CORE_SEGMENTS) {
		give_up(c, "a core with too many program headers");
		return;
	}
	add_map(c, &h);
	if (h.p_filesz == 0)
		return;
	if (promise(c, h.p_offset, h.p_filesz) < 0)
		return;
	if (h.p_type == PT_NOTE && c->notes < CORE_NOTES)
		c->note[c->notes++] = (struct core_range){ .offset = h.p_offset,
			.len = h.p_filesz };
	else if (h.p_type == PT_LOAD)
		add_load(c, h.p_offset, h.p_filesz, h.p_vaddr);
}

static void
notes_seen(struct core *c)
{
	for (int i = 0; i < c->notes; i++)
		if (left_of(&c->note[i]) > 0)
			return;
	if (left_of(&c->table) == 0 && !c->resolved && c->notes > 0)
		core_modules_resolve(c);
}

static void
consider(const struct core_range *r, uint64_t at, uint64_t *offset, uint64_t *len, int *found)
{
	uint64_t from = r->offset + r->done;

	if (left_of(r) == 0 || from < at || (*found && from >= *offset))
		return;
	*found = 1;
	*offset = from;
	*len = left_of(r);
}

int
core_next(const struct core *c, uint64_t at, uint64_t *offset, uint64_t *len)
{
	uint64_t from, n;
	int found = 0;

	if (c->parser == NULL)
		return 0;
	consider(&c->parser->head, at, offset, len, &found);
	consider(&c->table, at, offset, len, &found);
	for (int i = 0; i < c->notes; i++)
		consider(&c->note[i], at, offset, len, &found);
	if (core_modules_next(c, at, &from, &n) && (!found || from < *offset)) {
		found = 1;
		*offset = from;
		*len = n;
	}
	return found;
}

/*
 * Collects want bytes, at most a file header's, in entry; returns how many were taken, all at
 * *full.
 */
static size_t
collect(struct core_parser *own, size_t want, const uint8_t *bytes, size_t n, int *full)
{
	size_t take = want - own->entry_len < n ? want - own->entry_len : n;

	memcpy(own->entry + own->entry_len, bytes, take);
	own->entry_len += take;
	*full = own->entry_len == want;
	if (*full)
		own->entry_len = 0;
	return take;
}

static size_t
feed_head(struct core *c, const uint8_t *bytes, size_t n)
{
	struct core_parser *own = c->parser;
	size_t want = (size_t)own->head.len, take;
	int full;

	take = collect(own, want, bytes, n, &full);
	own->head.done += take;
	if (!full)
		return take;
	if (want > EI_NIDENT) {
		parse_head(c, own->entry);
	} else {
		parse_ident(c, own->entry);
		/* The whole header comes next, which begins with these bytes. */
		if (own->head.len > want)
			own->entry_len = want;
	}
	return take;
}

static int
starts(const struct core_range *r, uint64_t offset)
{
	return left_of(r) > 0 && r->offset + r->done == offset;
}

size_t
core_feed(struct core *c, uint64_t offset, const uint8_t *bytes, size_t n)
{
	uint64_t next, len;
	size_t take;
	int full;

	if (c->parser == NULL)
		return n;
	if (starts(&c->parser->head, offset))
		return feed_head(c, bytes, n);
	if (starts(&c->table, offset)) {
		take = collect(c->parser, elf_header_size(ELF_PHDR, c->is64), bytes, n, &full);
		c->table.done += take;
		if (full)
			parse_segment(c, c->parser->entry);
		notes_seen(c);
		return take;
	}
	for (int i = 0; i < c->notes; i++) {
		struct core_range *r = &c->note[i];

		if (!starts(r, offset))
			continue;
		if (r->done == 0)
			core_notes_begin(c);
		take = left_of(r) < n ? (size_t)left_of(r) : n;
		r->done += take;
		core_notes_feed(c, bytes, take);
		notes_seen(c);
		return take;
	}
	if ((take = core_modules_feed(c, offset, bytes, n)) > 0)
		return take;
	/*
	 * With PN_XNUM the table's length is a guess; skip past its real end to the next bytes that
	 * are wanted.
	 */
	if (core_next(c, offset, &next, &len) && next > offset && next - offset < n)
		return (size_t)(next - offset);
	return n;
}

void
core_show(struct core *c, uint64_t at, const uint8_t *bytes, size_t n)
{
	uint64_t p = at, next, len;

	while (!c->resolved && p - at < n && core_next(c, p, &next, &len) && next - at < n) {
		p = next;
		p += core_feed(c, p, bytes + (p - at), n - (size_t)(p - at));
	}
}

uint64_t
core_head_end(const struct core *c)
{
	uint64_t end = c->table.offset + c->table.len;

	for (int i = 0; i < c->notes; i++) {
		const struct core_range *r = &c->note[i];

		for (size_t k = 0; k < c->loads; k++)
			if (c->load[k].offset < r->offset)
				return 0;
		if (r->offset + r->len > end)
			end = r->offset + r->len;
	}
	return end;
}

void
core_drop(struct core *c, uint64_t offset)
{
	if (c->parser == NULL)
		return;
	if (starts(&c->parser->head, offset))
		c->parser->head.done = c->parser->head.len;
	if (starts(&c->table, offset))
		c->table.done = c->table.len;
	for (int i = 0; i < c->notes; i++)
		if (starts(&c->note[i], offset))
			c->note[i].done = c->note[i].len;
	notes_seen(c);
	core_modules_drop(c, offset);
}

void
core_end(struct core *c)
{
	if (c->parser == NULL)
		return;
	if (!c->resolved)
		core_modules_resolve(c);
	core_modules_end(c);
	if (!c->is_core && c->bad == NULL)
		c->bad = "cut short";
}
