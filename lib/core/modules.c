#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/search.h"
#include "core/files_note.h"
#include "core/private.h"

static int
by_address(const void *a, const void *b)
{
	const struct core_load *x = a, *y = b;

	return x->vaddr < y->vaddr ? -1 : x->vaddr > y->vaddr;
}

const struct core_load *
core_load_at(const struct core *c, uint64_t address)
{
	size_t next = SEARCH_AFTER(struct core_load, vaddr, c->load, c->loads, address);

	if (next == 0 || address - c->load[next - 1].vaddr >= c->load[next - 1].len)
		return NULL;
	return &c->load[next - 1];
}

static int
by_start(const void *a, const void *b)
{
	const struct core_map *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

const struct core_map *
core_map_at(const struct core *c, uint64_t address)
{
	size_t next = SEARCH_AFTER(struct core_map, start, c->map, c->maps, address);

	if (next == 0 || address - c->map[next - 1].start >= c->map[next - 1].len)
		return NULL;
	return &c->map[next - 1];
}

/* A file that only the auxiliary vector tells of; what is around the address is its image. */
static void
add_file(struct core *c, uint64_t address, const char *path)
{
	const struct core_load *l = core_load_at(c, address);

	if (l == NULL || core_files_add(&c->files, l->vaddr, l->vaddr + l->len, path) == NULL)
		return;
	core_files_order(&c->files);
}

static int
by_offset(const void *a, const void *b)
{
	const struct core_image *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

void
core_modules_resolve(struct core *c)
{
	struct core_parser *own = c->parser;
	struct core_files *f = &c->files;

	c->resolved = 1;
	if (!f->seen && c->ask_files != NULL)
		c->ask_files(c->ask_arg, f);
	if (c->loads > 0)
		qsort(c->load, c->loads, sizeof(*c->load), by_address);
	if (c->maps > 0)
		qsort(c->map, c->maps, sizeof(*c->map), by_start);
	core_files_order(f);
	if (c->vdso_at != 0 && core_files_at(f, c->vdso_at) == NULL)
		add_file(c, c->vdso_at, "[vdso]");
	if (c->phdr_at != 0 && core_files_at(f, c->phdr_at) == NULL)
		add_file(c, c->phdr_at, "");
	c->exe = core_files_at(f, c->phdr_at);
	own->image = calloc(f->count, sizeof(*own->image));
	own->held_image = malloc(CORE_IMAGE_HELD);
	if (own->image == NULL || own->held_image == NULL)
		return;
	for (size_t i = 0; i < f->count; i++) {
		const struct core_load *l = core_load_at(c, f->file[i].start);
		struct core_image *m = &own->image[own->images];

		if (f->file[i].from != 0 || l == NULL)
			continue;
		m->file = i;
		m->offset = l->offset + (f->file[i].start - l->vaddr);
		m->len = l->len - (f->file[i].start - l->vaddr);
		if (m->len > CORE_IMAGE_HELD)
			m->len = CORE_IMAGE_HELD;
		own->images++;
	}
	if (own->images > 0)
		qsort(own->image, own->images, sizeof(*own->image), by_offset);
}

/* No more of the image will come. */
static void
image_done(struct core *c)
{
	struct core_parser *own = c->parser;
	struct core_file *file = &c->files.file[own->image[own->image_next++].file];
	struct elf_id id;

	if (own->held_image_len >= SELFMAG && memcmp(own->held_image, ELFMAG, SELFMAG) == 0 &&
	    elf_id_image(own->held_image, own->held_image_len, &id) == ELF_ID_OK)
		core_files_identify(file, &id);
	own->held_image_len = 0;
}

/* Where an image goes on: only of the next one some has been seen. */
static uint64_t
image_from(const struct core_parser *own, const struct core_image *m)
{
	return m->offset + (m == &own->image[own->image_next] ? own->held_image_len : 0);
}

/* The first image that goes on at or after an offset, or NULL. */
static const struct core_image *
image_at(const struct core_parser *own, uint64_t at)
{
	size_t left = own->images - own->image_next, k;
	const struct core_image *next;

	/* Without images there is no array either. */
	if (left == 0)
		return NULL;
	next = own->image + own->image_next;
	if (image_from(own, next) >= at)
		return next;
	k = SEARCH_FROM(struct core_image, offset, next, left, at);
	return k < left ? &next[k] : NULL;
}

int
core_modules_next(const struct core *c, uint64_t at, uint64_t *offset, uint64_t *len)
{
	const struct core_image *m = image_at(c->parser, at);

	if (m == NULL)
		return 0;
	*offset = image_from(c->parser, m);
	*len = m->offset + m->len - *offset;
	return 1;
}

/* Makes the image that goes on at offset the next; 0, or -1 when there is none. */
static int
turn_to(struct core *c, uint64_t offset)
{
	struct core_parser *own = c->parser;
	const struct core_image *m = image_at(own, offset);

	if (m == NULL || image_from(own, m) != offset)
		return -1;
	/* Those before it are behind us. */
	if (m != &own->image[own->image_next]) {
		core_modules_end(c);
		own->image_next = (size_t)(m - own->image);
	}
	return 0;
}

size_t
core_modules_feed(struct core *c, uint64_t offset, const uint8_t *bytes, size_t n)
{
	struct core_parser *own = c->parser;
	const struct core_image *m;
	uint64_t left;

	if (turn_to(c, offset) < 0)
		return 0;
	m = &own->image[own->image_next];
	left = m->offset + m->len - offset;
	if (n > left)
		n = (size_t)left;
	memcpy(own->held_image + own->held_image_len, bytes, n);
	own->held_image_len += n;
	if (own->held_image_len == m->len)
		image_done(c);
	return n;
}

void
core_modules_drop(struct core *c, uint64_t offset)
{
	if (turn_to(c, offset) == 0)
		image_done(c);
}

void
core_modules_end(struct core *c)
{
	if (c->parser->held_image_len > 0)
		image_done(c);
}
