#include "core/order.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/search.h"
#include "core/threads.h"
#include "elf/file.h"
#include "elf/layout.h"

/* The longest NT_FILE that is put in order, bytes: twice the kernel's usual limit. */
#define FILES_MAX (8u * 1024 * 1024)
/* No core is larger than the address space of a process. */
#define SIZE_MOST (UINT64_C(1) << 47)

/* As much of a file is looked at: its headers. */
#define HEAD 4096

/* A segment, or an entry of NT_FILE, to be sorted. */
struct entry {
	uint64_t address, len;
	size_t index, name, name_len;
	int first;			/* no PT_LOAD: stays in front */
};

static int
by_address(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->first != y->first)
		return y->first - x->first;
	if (!x->first && x->address != y->address)
		return x->address > y->address ? 1 : -1;
	return (x->index > y->index) - (x->index < y->index);
}

static int
in_order(const struct entry *e, size_t n)
{
	for (size_t k = 1; k < n; k++)
		if (by_address(&e[k - 1], &e[k]) > 0)
			return 0;
	return 1;
}

/* Reads all of len bytes, which the caller frees; NULL when they are not there, or with errno. */
static uint8_t *
read_all(struct image *i, uint64_t at, size_t len)
{
	uint8_t *p = malloc(len > 0 ? len : 1);

	if (p == NULL)
		return NULL;
	errno = 0;
	if (image_read(i, at, p, len) == (ssize_t)len)
		return p;
	free(p);
	return NULL;
}

static int
by_offset(const void *a, const void *b)
{
	const struct core_order_part *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

/* Whether the segments with bytes are one behind the other in the file, from *start to *end. */
static int
dense(struct core_order_part *p, size_t n, uint64_t *start, uint64_t *end)
{
	if (n == 0)
		return 0;
	qsort(p, n, sizeof(*p), by_offset);
	*start = *end = p[0].from;
	for (size_t k = 0; k < n; k++) {
		if (p[k].from != *end || p[k].len > SIZE_MOST - *end)
			return 0;
		*end += p[k].len;
	}
	return 1;
}

/* Puts the program headers into order, and the memory's places with them. */
static int
order_segments(struct core_order *o, const struct core *c)
{
	size_t size = elf_header_size(ELF_PHDR, c->is64), n = (size_t)c->segments;
	struct entry *e = NULL;
	uint8_t *old = NULL, *new = NULL;
	uint64_t start, end;
	Elf64_Phdr h;
	int rc = -1;

	if (n == 0 || n > CORE_LOADS)
		return 0;
	if ((old = read_all(o->image, c->table.offset, n * size)) == NULL)
		return errno == ENOMEM ? -1 : 0;
	if ((e = calloc(n, sizeof(*e))) == NULL ||
	    (o->part = calloc(n, sizeof(*o->part))) == NULL ||
	    (new = malloc(n * size)) == NULL)
		goto out;
	for (size_t k = 0; k < n; k++) {
		elf_phdr_get(&h, old + k * size, c->is64, c->big);
		e[k] = (struct entry){ .address = h.p_vaddr, .len = h.p_filesz, .index = k,
			.first = h.p_type != PT_LOAD };
		if (!e[k].first && e[k].len > 0)
			o->part[o->parts++] = (struct core_order_part){ .from = h.p_offset,
				.len = e[k].len };
	}
	rc = 0;
	if (in_order(e, n) || !dense(o->part, o->parts, &start, &end) || end > SIZE_MOST) {
		o->parts = 0;
		goto out;
	}
	qsort(e, n, sizeof(*e), by_address);
	o->parts = 0;
	o->size = end > o->size ? end : o->size;
	for (size_t k = 0; k < n; k++) {
		uint8_t *p = memcpy(new + k * size, old + e[k].index * size, size);

		if (e[k].first)
			continue;
		elf_phdr_get(&h, p, c->is64, c->big);
		if (e[k].len > 0)
			o->part[o->parts++] = (struct core_order_part){ .at = start,
				.from = h.p_offset, .len = e[k].len };
		h.p_offset = start;
		elf_phdr_put(&h, p, c->is64, c->big);
		start += e[k].len;
	}
	o->patch[0] = (struct core_order_patch){ .at = c->table.offset, .len = n * size,
		.bytes = new };
	new = NULL;
out:
	free(old);
	free(new);
	free(e);
	return rc;
}

/* The names behind the count entries of NT_FILE, p[len]; 0 when there are not as many. */
static int
find_names(const uint8_t *p, size_t len, size_t at, struct entry *e, size_t count)
{
	for (size_t k = 0; k < count; k++) {
		const uint8_t *end = at < len ? memchr(p + at, '\0', len - at) : NULL;

		if (end == NULL)
			return 0;
		e[k].name = at;
		e[k].name_len = (size_t)(end - (p + at)) + 1;
		at += e[k].name_len;
	}
	return 1;
}

/* NT_FILE (kernel fs/binfmt_elf.c, fill_files_note): the count, the page size, entries, names. */
static int
order_files(struct core_order *o, const struct core *c, const struct core_note_at *note)
{
	size_t word = elf_word_size(c->is64), len = (size_t)note->len, count, at;
	struct entry *e = NULL;
	uint8_t *old, *new = NULL;
	uint64_t said;
	int rc = -1;

	if (note->len > FILES_MAX || note->len < 2 * word)
		return 0;
	if ((old = read_all(o->image, note->at, len)) == NULL)
		return errno == ENOMEM ? -1 : 0;
	said = core_number(c, old, word);
	count = said <= (len - 2 * word) / (3 * word) ? (size_t)said : 0;
	if ((e = calloc(count + 1, sizeof(*e))) == NULL || (new = malloc(len)) == NULL)
		goto out;
	for (size_t k = 0; k < count; k++)
		e[k] = (struct entry){ .address = core_number(c, old + (2 + 3 * k) * word, word),
			.index = k };
	rc = 0;
	if (in_order(e, count) || !find_names(old, len, (2 + 3 * count) * word, e, count))
		goto out;
	qsort(e, count, sizeof(*e), by_address);
	memcpy(new, old, len);
	at = (2 + 3 * count) * word;
	for (size_t k = 0; k < count; k++) {
		memcpy(new + (2 + 3 * k) * word, old + (2 + 3 * e[k].index) * word, 3 * word);
		memcpy(new + at, old + e[k].name, e[k].name_len);
		at += e[k].name_len;
	}
	o->patch[1] = (struct core_order_patch){ .at = note->at, .len = len, .bytes = new };
	new = NULL;
out:
	free(old);
	free(new);
	free(e);
	return rc;
}

/*
 * Whether a file, of which room bytes may be in memory and the first are at an offset, can have been loaded: its
 * segments are in order (gABI chapter 5), and end before the next file.
 */
static int
is_loadable(struct elf_file *f, uint8_t head[HEAD], const struct core_order *o, uint64_t at,
    uint64_t room)
{
	ssize_t n = image_read(o->image, at, head, HEAD);
	uint64_t first = 0, last = 0;
	int any = 0;
	Elf64_Phdr p;

	if (n <= 0 || elf_file_memory(f, head, (size_t)n) != ELF_ID_OK)
		return 1;
	for (uint64_t k = 0; elf_file_segment(f, k, &p); k++) {
		if (p.p_type != PT_LOAD)
			continue;
		if (!any++)
			first = last = p.p_offset < p.p_vaddr ? p.p_vaddr - p.p_offset : 0;
		if (p.p_vaddr < last || p.p_vaddr - first > room ||
		    p.p_memsz > room - (p.p_vaddr - first))
			return 0;
		last = p.p_vaddr;
	}
	return 1;
}

/*
 * Anybody can map any file.  libdwfl gives the whole core up where the segments of one are in no order, and takes the
 * addresses of others for one that claims them.
 */
static int
hide_files(struct core_order *o, const struct core *c)
{
	const struct core_files *all = &c->files;
	struct elf_file *f = malloc(sizeof(*f));
	uint8_t *head = malloc(HEAD);
	int rc = f != NULL && head != NULL ? 0 : -1;

	for (size_t k = 0; rc == 0 && k < all->count; k++) {
		const struct core_file *file = &all->file[k], *next = file + 1;
		const struct core_load *l = core_load_at(c, file->start);
		uint64_t room = UINT64_MAX - file->start;

		if (k + 1 < all->count && next->start > file->start &&
		    strcmp(next->path, file->path) != 0)
			room = next->start - file->start;
		if (file->module == NULL || file->from != 0 || l == NULL ||
		    l->vaddr != file->start ||
		    is_loadable(f, head, o, l->offset, room))
			continue;
		if ((rc = ARRAY_GROW(o->hidden, o->hide_room, o->hides, CORE_FILES)) == 0)
			o->hidden[o->hides++] = l->offset;
	}
	free(head);
	free(f);
	return rc;
}

/* Takes the magic number from files that are hidden, in n bytes of the core at an offset. */
static void
hide(const struct core_order *o, uint64_t at, uint8_t *buf, size_t n)
{
	for (size_t k = 0; k < o->hides; k++)
		for (uint64_t b = o->hidden[k]; b < o->hidden[k] + SELFMAG; b++)
			if (b >= at && b - at < n)
				buf[b - at] = 0;
}

int
core_order_open(struct core_order *o, const struct core *c, struct image *i)
{
	struct core_threads w = { 0 };
	struct core_note_at note;

	memset(o, 0, sizeof(*o));
	o->image = i;
	o->size = image_size(i);
	if (hide_files(o, c) < 0 || order_segments(o, c) < 0)
		goto fail;
	while (core_note_next(&w, c, i, &note))
		if (note.type == NT_FILE) {
			if (order_files(o, c, &note) < 0)
				goto fail;
			break;
		}
	return 0;
fail:
	core_order_close(o);
	errno = ENOMEM;
	return -1;
}

void
core_order_close(struct core_order *o)
{
	free(o->hidden);
	free(o->part);
	free(o->patch[0].bytes);
	free(o->patch[1].bytes);
	memset(o, 0, sizeof(*o));
}

/* The first part that ends behind the offset, or the end of them. */
static const struct core_order_part *
part_at(const struct core_order *o, uint64_t offset)
{
	size_t next = SEARCH_AFTER(struct core_order_part, at, o->part, o->parts, offset);

	/* They do not overlap. */
	if (next > 0 && offset - o->part[next - 1].at < o->part[next - 1].len)
		next--;
	return o->part + next;
}

/* Reads as far as a part goes; what is before and behind them all is where it was. */
static ssize_t
read_part(const struct core_order *o, uint64_t offset, uint8_t *buf, size_t len)
{
	const struct core_order_part *p;
	uint64_t from = offset;
	ssize_t n;

	if (o->parts == 0) {
		if ((n = image_read(o->image, offset, buf, len)) > 0)
			hide(o, offset, buf, (size_t)n);
		return n;
	}
	p = part_at(o, offset);
	if (p < o->part + o->parts && offset < p->at) {
		if (len > p->at - offset)
			len = (size_t)(p->at - offset);
	} else if (p < o->part + o->parts) {
		from = p->from + (offset - p->at);
		if (len > p->len - (offset - p->at))
			len = (size_t)(p->len - (offset - p->at));
	}
	/* A core that is cut may lack this and have what comes behind it here. */
	if ((n = image_read(o->image, from, buf, len)) >= 0) {
		memset(buf + n, 0, len - (size_t)n);
		hide(o, from, buf, (size_t)n);
	}
	return n < 0 ? -1 : (ssize_t)len;
}

ssize_t
core_order_read(void *arg, uint64_t offset, void *buf, size_t len)
{
	const struct core_order *o = arg;
	uint8_t *to = buf;
	size_t done = 0;

	if (offset >= o->size)
		return 0;
	if (len > o->size - offset)
		len = (size_t)(o->size - offset);
	while (done < len) {
		ssize_t n = read_part(o, offset + done, to + done, len - done);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	for (int k = 0; k < 2; k++) {
		const struct core_order_patch *p = &o->patch[k];
		uint64_t first = offset > p->at ? offset : p->at;
		uint64_t last = offset + done < p->at + p->len ? offset + done : p->at + p->len;

		if (p->bytes != NULL && first < last)
			memcpy(to + (first - offset), p->bytes + (first - p->at),
			    (size_t)(last - first));
	}
	return (ssize_t)done;
}
