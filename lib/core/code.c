#include "core/code.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/search.h"
#include "elf/layout.h"

static int
by_address(const void *a, const void *b)
{
	const struct core_code_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* The program header at p as a range; 0 when it is none. */
static int
read_range(const struct core *c, const uint8_t *p, struct core_code_range *r)
{
	Elf64_Phdr h;

	elf_phdr_get(&h, p, c->is64, c->big);
	*r = (struct core_code_range){ .start = h.p_vaddr, .len = h.p_memsz,
	    .code = (h.p_flags & PF_X) != 0 };
	/* A small core has PT_NULL for what it left out. */
	return (h.p_type == PT_LOAD || h.p_type == PT_NULL) && r->len > 0;
}

int
core_code_open(struct core_code *k, const struct core *c, struct image *i)
{
	size_t size = elf_header_size(ELF_PHDR, c->is64), n = (size_t)c->segments;
	uint8_t *table;

	memset(k, 0, sizeof(*k));
	if (n == 0 || n > CORE_LOADS)
		return 0;
	table = malloc(n * size);
	k->range = calloc(n, sizeof(*k->range));
	if (table == NULL || k->range == NULL) {
		free(table);
		core_code_close(k);
		errno = ENOMEM;
		return -1;
	}
	if (image_read(i, c->table.offset, table, n * size) == (ssize_t)(n * size))
		for (size_t h = 0; h < n; h++)
			k->ranges += (size_t)read_range(c, table + h * size, &k->range[k->ranges]);
	qsort(k->range, k->ranges, sizeof(*k->range), by_address);
	free(table);
	return 0;
}

void
core_code_close(struct core_code *k)
{
	free(k->range);
	memset(k, 0, sizeof(*k));
}

int
core_code_at(const struct core_code *k, uint64_t address)
{
	size_t next = SEARCH_AFTER(struct core_code_range, start, k->range, k->ranges, address);

	if (next == 0 || address - k->range[next - 1].start >= k->range[next - 1].len)
		return -1;
	return k->range[next - 1].code;
}

/* The value of a digit in lower case, or -1. */
static int
digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

size_t
core_code_noted(const struct core *c, uint64_t *start, uint8_t code[CORE_CODE_NOTED])
{
	static const char key[] = "\ncode=0x";
	char text[CORE_NOTE_HELD + 1];
	const char *p;
	size_t n = 0;

	memcpy(text, c->trim, c->trim_len);
	text[c->trim_len] = '\0';
	if ((p = strstr(text, key)) == NULL)
		return 0;
	*start = 0;
	for (p += strlen(key); digit(*p) >= 0; p++)
		*start = *start << 4 | (uint64_t)digit(*p);
	if (*p++ != ' ')
		return 0;
	for (; n < CORE_CODE_NOTED && digit(p[0]) >= 0 && digit(p[1]) >= 0; p += 2)
		code[n++] = (uint8_t)(digit(p[0]) << 4 | digit(p[1]));
	return n;
}
