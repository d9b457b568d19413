#include "elf/ranges.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

#define PIECE (64u * 1024)
#define PAGE 4096u

static int
by_place(const void *a, const void *b)
{
	const struct elf_ranges_one *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

static void
add(struct elf_ranges *r, uint64_t from, uint64_t len, int code)
{
	if (len > 0 && from <= UINT64_MAX - len)
		r->one[r->count++] = (struct elf_ranges_one){ from, from + len, code };
}

int
elf_ranges_open(struct elf_ranges *r, Elf *elf, int fd)
{
	size_t segments = 0, sections = 0;
	Elf_Scn *scn = NULL;
	GElf_Ehdr head;
	GElf_Phdr p;
	GElf_Shdr s;

	*r = (struct elf_ranges){ .fd = fd };
	elf_getphdrnum(elf, &segments);
	elf_getshdrnum(elf, &sections);
	if (gelf_getehdr(elf, &head) == NULL ||
	    (r->one = calloc(segments + sections + 3, sizeof(*r->one))) == NULL)
		return -1;
	add(r, 0, head.e_ehsize, 0);
	if (head.e_phoff != 0)
		add(r, head.e_phoff, segments * head.e_phentsize, 0);
	if (head.e_shoff != 0)
		add(r, head.e_shoff, sections * head.e_shentsize, 0);
	for (size_t i = 0; i < segments; i++)
		if (gelf_getphdr(elf, (int)i, &p) != NULL && p.p_type != PT_NULL)
			add(r, p.p_offset, p.p_filesz,
			    p.p_type == PT_LOAD && (p.p_flags & PF_X) != 0);
	for (size_t i = 0; i < sections && (scn = elf_nextscn(elf, scn)) != NULL; i++)
		if (gelf_getshdr(scn, &s) != NULL && s.sh_type != SHT_NOBITS &&
		    s.sh_type != SHT_NULL)
			add(r, s.sh_offset, s.sh_size, 0);
	qsort(r->one, r->count, sizeof(*r->one), by_place);
	return 0;
}

void
elf_ranges_close(struct elf_ranges *r)
{
	free(r->one);
	memset(r, 0, sizeof(*r));
}

uint64_t
elf_ranges_end(const struct elf_ranges *r)
{
	uint64_t end = 0;

	for (size_t i = 0; i < r->count; i++)
		if (r->one[i].to > end)
			end = r->one[i].to;
	return end;
}

/* Whether the bytes from one to another are the rest of code's last page. */
static int
behind_code(const struct elf_ranges *r, uint64_t from, uint64_t to)
{
	for (size_t i = 0; i < r->count && to % PAGE == 0; i++)
		if (r->one[i].code && r->one[i].to == from)
			return 1;
	return 0;
}

/* Whether there is anything but filling; -1 with errno. */
static int
has_content(const struct elf_ranges *r, uint64_t from, uint64_t to)
{
	uint8_t *buf = io_buffer(PIECE), fill[4] = { 0 };
	int rc = buf == NULL ? -1 : 0;

	for (uint64_t at = from; rc == 0 && at < to;) {
		size_t n = to - at < PIECE ? (size_t)(to - at) : PIECE;

		if (io_pread(r->fd, buf, n, at) != (ssize_t)n) {
			rc = -1;
			break;
		}
		/* lld puts an instruction there that traps, again and again. */
		if (at == from && behind_code(r, from, to))
			memcpy(fill, buf, n < sizeof(fill) ? n : sizeof(fill));
		for (size_t i = 0; i < n && rc == 0; i++)
			rc = buf[i] != fill[i % sizeof(fill)];
		at += n;
	}
	free(buf);
	return rc;
}

int
elf_ranges_gap(const struct elf_ranges *r, uint64_t *from, uint64_t *to)
{
	int rc;

	*from = 0;
	for (size_t i = 0; i < r->count; i++) {
		*to = r->one[i].from;
		if (*to > *from && (rc = has_content(r, *from, *to)) != 0)
			return rc;
		if (r->one[i].to > *from)
			*from = r->one[i].to;
	}
	return 0;
}
