#include "core/code.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/search.h"

static int
by_address(const void *a, const void *b)
{
	const struct core_code_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* A program header of n bytes at p as a range; 0 when it is none. */
static int
read_range(const struct core *c, const uint8_t *p, struct core_code_range *r)
{
	uint64_t type = core_number(c, p, 4);

	*r = c->is64 ? (struct core_code_range){
		.start = core_number(c, p + offsetof(Elf64_Phdr, p_vaddr), 8),
		.len = core_number(c, p + offsetof(Elf64_Phdr, p_memsz), 8),
		.code = (core_number(c, p + offsetof(Elf64_Phdr, p_flags), 4) & PF_X) != 0,
	} : (struct core_code_range){
		.start = core_number(c, p + offsetof(Elf32_Phdr, p_vaddr), 4),
		.len = core_number(c, p + offsetof(Elf32_Phdr, p_memsz), 4),
		.code = (core_number(c, p + offsetof(Elf32_Phdr, p_flags), 4) & PF_X) != 0,
	};
	/* A small core says PT_NULL of what it left out. */
	return (type == PT_LOAD || type == PT_NULL) && r->len > 0;
}

int
core_code_open(struct core_code *k, const struct core *c, struct image *i)
{
	size_t size = c->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr), n = (size_t)c->segments;
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
