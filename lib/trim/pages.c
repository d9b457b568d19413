#include "trim/pages.h"

#include <errno.h>
#include <stdlib.h>

#include "base/search.h"

void
trim_pages_close(struct trim_pages *p)
{
	free(p->slot);
	*p = (struct trim_pages){ .slot = NULL };
}

/* Where a page is, or would be: at least a quarter of the slots are free. */
static size_t
place(const struct trim_pages *p, uint64_t page)
{
	size_t at = (size_t)(page * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (p->room - 1);

	while (p->slot[at] != 0 && p->slot[at] >> 8 != page)
		at = (at + 1) & (p->room - 1);
	return at;
}

unsigned
trim_pages_has(const struct trim_pages *p, uint64_t address)
{
	return p->room == 0 ? 0 : trim_page_why(p->slot[place(p, address / TRIM_PAGE)]);
}

static int
grow(struct trim_pages *p)
{
	struct trim_pages more = { .room = p->room == 0 ? 1024 : 2 * p->room, .count = p->count };

	if ((more.slot = calloc(more.room, sizeof(*more.slot))) == NULL)
		return -1;
	for (size_t i = 0; i < p->room; i++)
		if (p->slot[i] != 0)
			more.slot[place(&more, p->slot[i] >> 8)] = p->slot[i];
	free(p->slot);
	*p = more;
	return 0;
}

int
trim_pages_add(struct trim_pages *p, uint64_t address, unsigned why)
{
	if (p->count == TRIM_PAGES) {
		errno = ENOSPC;
		return -1;
	}
	if (p->count >= p->room / 4 * 3 && grow(p) < 0)
		return -1;
	p->slot[place(p, address / TRIM_PAGE)] = address / TRIM_PAGE << 8 | why;
	p->count++;
	return 0;
}

static int
by_address(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void
trim_pages_sort(struct trim_pages *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->room; i++)
		if (p->slot[i] != 0)
			p->slot[n++] = p->slot[i];
	if (n > 0)
		qsort(p->slot, n, sizeof(*p->slot), by_address);
	p->sorted = 1;
}

size_t
trim_pages_from(const struct trim_pages *p, uint64_t address)
{
	return search_from(p->slot, p->count, sizeof(*p->slot), 0, address / TRIM_PAGE << 8);
}
