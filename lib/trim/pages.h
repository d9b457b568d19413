/* A set of pages of a process's memory, each with a small number that says why it is there. */
#ifndef GZCORE_TRIM_PAGES_H
#define GZCORE_TRIM_PAGES_H

#include <stddef.h>
#include <stdint.h>

/* Memory is kept in pages of this size, bytes, whatever the machine's are: none are smaller. */
#define TRIM_PAGE 4096u
/* The most pages of a set: 4 GiB of memory. */
#define TRIM_PAGES (1024u * 1024)

/* All zeros at first. */
struct trim_pages {
	uint64_t *slot;		/* a page's number << 8, and why it is there; 0: free */
	size_t room, count;
	int sorted;
};

void trim_pages_close(struct trim_pages *p);

/* Why an address's page is in the set, 1 to 255, or 0 when it is not.  Not for a sorted set. */
unsigned trim_pages_has(const struct trim_pages *p, uint64_t address);

/*
 * Puts a page that is not there into the set.  Returns 0, or -1 with errno: ENOSPC when there are
 * TRIM_PAGES.
 */
int trim_pages_add(struct trim_pages *p, uint64_t address, unsigned why);

/*
 * Puts the pages in the order of their addresses: slot[0] to slot[count - 1].  Nothing can be added
 * after it.
 */
void trim_pages_sort(struct trim_pages *p);

static inline uint64_t
trim_page_address(uint64_t slot)
{
	return (slot >> 8) * TRIM_PAGE;
}

static inline unsigned
trim_page_why(uint64_t slot)
{
	return slot & 0xff;
}

/* The first page of a sorted set at or after an address: its place, count when there is none. */
size_t trim_pages_from(const struct trim_pages *p, uint64_t address);

#endif
