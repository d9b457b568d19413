#include "proc/page_map.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/io.h"
#include "proc/task.h"

/* The most runs that are known at once, and the most pages that are asked for one by one. */
#define RUNS 512
#define ENTRIES 8192

/* From <linux/fs.h>, which had them first in Linux 6.7. */
#define CATEGORY_PRESENT (1u << 3)
#define CATEGORY_SWAPPED (1u << 4)
#define CATEGORY_PFNZERO (1u << 5)
struct scan {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define SCAN _IOWR('f', 16, struct scan)

/* Bits of an entry of pagemap. */
#define ENTRY_PRESENT (UINT64_C(1) << 63)
#define ENTRY_SWAPPED (UINT64_C(1) << 62)

int
page_map_open(struct page_map *m, pid_t pid)
{
	*m = (struct page_map){ .page = (uint64_t)sysconf(_SC_PAGESIZE), .scans = 1 };
	if ((m->fd = proc_open_file(pid, "pagemap")) < 0)
		return -1;
	m->run = malloc(RUNS * sizeof(*m->run));
	return m->run == NULL ? -1 : 0;
}

void
page_map_close(struct page_map *m)
{
	if (m->fd >= 0)
		io_close(m->fd);
	free(m->run);
	free(m->entry);
}

/* Forgets all that is known; from, the next to be known, is where it begins. */
static void
begin(struct page_map *m, uint64_t from)
{
	m->from = m->to = from;
	m->count = m->next = 0;
}

static int
scan(struct page_map *m, uint64_t from, uint64_t to)
{
	struct scan s = { .size = sizeof(s), .start = from, .end = to,
		.vec = (uint64_t)(uintptr_t)m->run, .vec_len = RUNS,
		.category_anyof_mask = CATEGORY_PRESENT | CATEGORY_SWAPPED,
		.return_mask = CATEGORY_PFNZERO };
	int n = ioctl(m->fd, SCAN, &s);
	uint64_t entry;

	if (n < 0)
		return -1;
	/* A process that ends has no pages, and only a read of pagemap says that it has ended. */
	if (io_pread(m->fd, &entry, sizeof(entry), from / m->page * sizeof(entry)) <= 0) {
		errno = ESRCH;
		return -1;
	}
	m->count = (size_t)n;
	m->to = s.walk_end > from && s.walk_end < to ? s.walk_end : to;
	/* Zeros that were only read are as good as what was never touched. */
	for (size_t i = m->count = 0; i < (size_t)n; i++)
		if ((m->run[i].categories & CATEGORY_PFNZERO) == 0)
			m->run[m->count++] = m->run[i];
	return 0;
}

/* The same, page by page. */
static int
read_entries(struct page_map *m, uint64_t from, uint64_t to)
{
	uint64_t pages = (to - from) / m->page;
	size_t want = pages < ENTRIES ? (size_t)pages : ENTRIES;
	uint64_t *entry;
	ssize_t n;

	if (m->entry == NULL && (m->entry = malloc(ENTRIES * sizeof(*entry))) == NULL)
		return -1;
	entry = m->entry;
	n = io_pread(m->fd, entry, want * sizeof(*entry), from / m->page * sizeof(*entry));
	if (n < (ssize_t)sizeof(*entry)) {
		errno = n < 0 ? errno : ESRCH;
		return -1;
	}
	for (size_t i = 0; i < (size_t)n / sizeof(*entry); i++) {
		uint64_t at = from + i * m->page;
		struct page_run *last = m->count > 0 ? &m->run[m->count - 1] : NULL;

		m->to = at + m->page;
		if ((entry[i] & (ENTRY_PRESENT | ENTRY_SWAPPED)) == 0)
			continue;
		if (last != NULL && last->end == at) {
			last->end += m->page;
		} else if (m->count == RUNS) {
			m->to = at;
			break;
		} else {
			m->run[m->count++] = (struct page_run){ .start = at, .end = at + m->page };
		}
	}
	return 0;
}

/* Gets to know some more, at least a page from an address on. */
static int
look(struct page_map *m, uint64_t from, uint64_t to)
{
	begin(m, from);
	if (m->scans) {
		if (scan(m, from, to) == 0)
			return 0;
		/* Older kernels do not know it, and a filter may refuse it by any errno. */
		if (errno == ESRCH)
			return -1;
		m->scans = 0;
		begin(m, from);
	}
	return read_entries(m, from, to);
}

int
page_map_next(struct page_map *m, uint64_t from, uint64_t to, uint64_t *start, uint64_t *end)
{
	while (from < to) {
		if ((from < m->from || from >= m->to) && look(m, from, to) < 0)
			return -1;
		if (m->next > 0 && m->run[m->next - 1].end > from)
			m->next = 0;
		while (m->next < m->count && m->run[m->next].end <= from)
			m->next++;
		if (m->next < m->count && m->run[m->next].start < to) {
			const struct page_run *r = &m->run[m->next];

			*start = r->start > from ? r->start : from;
			*end = r->end < to ? r->end : to;
			return 1;
		}
		from = m->to;
	}
	return 0;
}
