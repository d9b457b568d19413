/*
 * Which pages of a process hold something, without reading or making any of them:
 * /proc/PID/pagemap, and its ioctl PAGEMAP_SCAN since Linux 6.7
 * (Documentation/admin-guide/mm/pagemap.rst).
 */
#ifndef GZCORE_PROC_PAGE_MAP_H
#define GZCORE_PROC_PAGE_MAP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct page_map {
	int fd;
	uint64_t page;		/* the size of one, bytes */
	int scans;		/* PAGEMAP_SCAN has not been refused yet */
	/* The pages in [from, to) were looked up; the runs that hold something, by address. */
	uint64_t from, to;
	struct page_run {
		uint64_t start, end, categories;
	} *run;
	size_t count, next;
	uint64_t *entry;	/* without PAGEMAP_SCAN: what pagemap has of some pages */
};

/* Returns 0, or -1 with errno.  page_map_close is called in both cases. */
int page_map_open(struct page_map *m, pid_t pid);
void page_map_close(struct page_map *m);

/*
 * Finds the first run of pages in [from, to), all in private anonymous memory, that are in memory
 * or swapped out, and hold other bytes than the kernel's page of zeros.  Addresses are multiples
 * of the page, and it is fastest when from grows from call to call.  Returns 1 and the run, cut at
 * to; 0 when there is none; -1 with errno, ESRCH when the process has gone.
 */
int page_map_next(struct page_map *m, uint64_t from, uint64_t to, uint64_t *start, uint64_t *end);

#endif
