#include "core/order.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/search.h"
#include "core/threads.h"

/* The longest NT_FILE that is put in order, bytes: twice the kernel's usual limit. */
#define FILES_MAX (8u * 1024 * 1024)
/* No core is larger than the address space of a process. */
#define SIZE_MOST (UINT64_C(1) << 47)

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
	size_t size = c->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr), word = c->is64 ? 8 : 4;
	size_t n = (size_t)c->segments, vaddr = c->is64 ? 16 : 8, filesz = c->is64 ? 32 : 16;
	size_t offset = c->is64 ? 8 : 4;
	struct entry *e = NULL;
	uint8_t *old = NULL, *new = NULL;
	uint64_t start, end;
	int rc = -1;

	if (n == 0 || n > CORE_LOADS)
		return 0;
	if ((old = read_all(o->image, c->table.offset, n * size)) == NULL)
		return errno == ENOMEM ? -1 : 0;
	if ((e = calloc(n, sizeof(*e))) == NULL || (o->part = calloc(n, sizeof(*o->part))) == NULL ||
	    (new = malloc(n * size)) == NULL)
		goto out;
	for (size_t k = 0; k < n; k++) {
		const uint8_t *p = old + k * size;

		e[k] = (struct entry){ .address = core_number(c, p + vaddr, word),
			.len = core_number(c, p + filesz, word), .index = k,
			.first = core_number(c, p, 4) != PT_LOAD };
		if (!e[k].first && e[k].len > 0)
			o->part[o->parts++] = (struct core_order_part){
				.from = core_number(c, p + offset, word), .len = e[k].len };
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
		if (e[k].len > 0)
			o->part[o->parts++] = (struct core_order_part){ .at = start,
				.from = core_number(c, p + offset, word), .len = e[k].len };
		core_number_put(c, p + offset, word, start);
		start += e[k].len;
	}
	o->patch[0] = (struct core_order_patch){ .at = c->table.offset, .len = n * size, .bytes = new };
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
	size_t word = c->is64 ? 8 : 4, len = (size_t)note->len, count, at;
	struct entry *e = NULL;
	uint8_t *old, *new = NULL;
	int rc = -1;

	if (note->len > FILES_MAX || note->len < 2 * word)
		return 0;
	if ((old = read_all(o->image, note->at, len)) == NULL)
		return errno == ENOMEM ? -1 : 0;
	count = core_number(c, old, word) <= (len - 2 * word) / (3 * word) ? (size_t)core_number(c, old, word) : 0;
	if ((e = calloc(count + 1, sizeof(*e))) == NULL || (new = malloc(len)) == NULL)
		goto out;
	for (size_t k = 0; k < count; k++)
		e[k] = (struct entry){ .address = core_number(c, old + (2 + 3 * k) * word, word), .index = k };
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

int
core_order_open(struct core_order *o, const struct core *c, struct image *i)
{
	struct core_threads w = { 0 };
	struct core_note_at note;

	memset(o, 0, sizeof(*o));
	o->image = i;
	o->size = image_size(i);
	if (order_segments(o, c) < 0)
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

	if (o->parts == 0)
		return image_read(o->image, offset, buf, len);
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
	if ((n = image_read(o->image, from, buf, len)) >= 0)
		memset(buf + n, 0, len - (size_t)n);
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
			memcpy(to + (first - offset), p->bytes + (first - p->at), (size_t)(last - first));
	}
	return (ssize_t)done;
}
