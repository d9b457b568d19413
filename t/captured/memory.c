/* Kinds of private memory. */
#define _GNU_SOURCE
#include "kinds.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 8
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

void
anonymous(void)
{
	fill_some(map_private(1000), 1000);
	/* Never touched; and only read, which maps the page of zeros. */
	map_private(700);
	char *p = map_private(50);
	for (size_t i = 0; i < 50; i++)
		(void)*(volatile char *)(p + i * page);
}

static void
one_page(void)
{
	/* Neighbours with other rights, so that they are not merged into one mapping. */
	char *p = map_private(9);

	for (size_t i = 0; i < 9; i++) {
		if (i % 3 != 1)
			fill(p + i * page, page);
		mprotect(p + i * page, page, i % 2 != 0 ? PROT_READ : PROT_READ | PROT_WRITE);
	}
}

/* Memory that starts at a huge page's boundary. */
static char *
aligned(size_t len)
{
	char *p = map(len + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE, -1);

	p += (huge - (uintptr_t)p % huge) % huge;
	if (madvise(p, len, MADV_HUGEPAGE) < 0)
		refuse("MADV_HUGEPAGE");
	return p;
}

static void
huge_pages(void)
{
	char *p = aligned(6 * huge);

	/* Whole ones; one that is split; one that is only read, so of zeros; one that is never touched. */
	fill(p, 3 * huge);
	mprotect(p + 2 * huge + 5 * page, page, PROT_READ);
	munmap(p + 2 * huge + 9 * page, page);
	(void)*(volatile char *)(p + 3 * huge);
	p[4 * huge] = 1;
}

/* More runs of touched pages than a program may want to remember at once. */
static void
fragmented(void)
{
	char *p = map_private(12000);

	for (size_t i = 0; i < 12000; i += 2)
		fill(p + i * page, page);
}

/* Names in maps: of the heap, and those that the process gives. */
static void
named(void)
{
	char *p = map_private(90), *q = map(90 * page, PROT_READ | PROT_WRITE, MAP_SHARED, -1);

	fill_some(p, 90);
	fill_some(q, 90);
	/* Not every kernel keeps names. */
	prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, p, 90 * page, "kinds: private");
	prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, q, 90 * page, "kinds: shared");
	p = sbrk((intptr_t)(100 * page));
	if (p == (char *)-1)
		refuse("sbrk");
	fill(p + 50 * page, page);
}

static void
droppable(void)
{
	char *p = map(90 * page, PROT_READ | PROT_WRITE, MAP_DROPPABLE, -1);

	fill_some(p, 90);
}

static void
noreserve(void)
{
	size_t len = (size_t)2 << 30, step = len / 16;
	char *p = map(len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, -1);

	for (size_t i = 0; i < 16; i++)
		fill(p + i * step + i * 7 * page, page);
}

static void
locked(void)
{
	char *p = map_private(40);

	fill(p, 10 * page);
	if (mlock(p, 20 * page) < 0)
		refuse("mlock");
	p = map(40 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_LOCKED | MAP_POPULATE, -1);
	fill(p + 3 * page, page);
}

static void
grows_down(void)
{
	size_t room = 600 * page;
	char *p = map(room, PROT_NONE, MAP_PRIVATE, -1), *top = p + room;

	munmap(p, room);
	p = mmap(top - 4 * page, 4 * page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
	if (p == MAP_FAILED)
		refuse("MAP_GROWSDOWN");
	for (size_t i = 1; i <= 12; i++)
		if (i % 3 != 0)
			*(volatile char *)(top - i * page) = (char)i;
}

static void
moved(void)
{
	char *p = map_private(40), *q;

	fill_some(p, 40);
	q = mremap(p, 40 * page, 200 * page, MREMAP_MAYMOVE);
	if (q == MAP_FAILED)
		refuse("mremap");
	fill(q + 150 * page, page);
	p = map_private(40);
	fill_some(p, 40);
	/* The old place stays mapped, without its pages. */
	if (mremap(p, 40 * page, 40 * page, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL) == MAP_FAILED)
		refuse("MREMAP_DONTUNMAP");
}

static void
lowest_highest(void)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, made = 0;
	uintptr_t last = sizeof(void *) == 8 ? (uintptr_t)0x7fffffffe000u : 0xffffd000u;
	uintptr_t at[] = { 0, 0x10000, last };

	for (size_t i = 0; i < sizeof(at) / sizeof(*at); i++) {
		char *volatile p = mmap((void *)at[i], page, PROT_READ | PROT_WRITE, flags, -1, 0);

		if (p == MAP_FAILED)
			continue;
		made++;
		/* The compiler must not know that one is a null pointer. */
		fill(p, page);
	}
	if (made < 2)
		refuse("addresses");
}

static void
dev_zero(void)
{
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		refuse("/dev/zero");
	fill_some(map(90 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd), 90);
	fill_some(map(90 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd), 90);
}

/* Whether a file of /proc/self has a number that is not 0 behind these words. */
static int
has(const char *path, const char *format)
{
	char line[256];
	long n = 0;
	FILE *f = fopen(path, "re");

	while (f != NULL && n == 0 && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, format, &n) != 1)
			n = 0;
	if (f != NULL)
		fclose(f);
	return n != 0;
}

static void
merged(void)
{
	char *p = map_private(300);

	for (size_t i = 0; i < 300; i++)
		memset(p + i * page, (int)(i % 3) + 1, page);
	if (madvise(p, 300 * page, MADV_MERGEABLE) < 0)
		refuse("MADV_MERGEABLE");
	for (int i = 0; i < 100 && !has("/proc/self/ksm_merging_pages", "%ld"); i++)
		usleep(100000);
	if (!has("/proc/self/ksm_merging_pages", "%ld"))
		refuse("nothing was merged");
}

static void
swapped(void)
{
	char *p = map_private(600), *q = map(600 * page, PROT_READ | PROT_WRITE, MAP_SHARED, -1);

	fill_some(p, 600);
	fill_some(q, 600);
	if (madvise(p, 600 * page, MADV_PAGEOUT) < 0 || madvise(q, 600 * page, MADV_PAGEOUT) < 0)
		refuse("MADV_PAGEOUT");
	if (!has("/proc/self/status", "VmSwap: %ld"))
		refuse("nothing was swapped out");
}

/* The child's pages are those of its parent, but for what either has written since. */
static void
copy_on_write(void)
{
	int fd[2];
	char *p = map_private(300), c = 0;
	pid_t child;

	fill_some(p, 300);
	if (pipe(fd) < 0 || (child = fork()) < 0)
		refuse("fork");
	if (child > 0) {
		for (size_t i = 0; i < 300; i += 5)
			fill(p + i * page, page);
		if (write(fd[1], &c, 1) == 1)
			waitpid(child, NULL, 0);
		kill(getpid(), SIGKILL);
	}
	if (read(fd[0], &c, 1) != 1)
		refuse("pipe");
	for (size_t i = 0; i < 300; i += 7)
		fill(p + i * page, page);
}

const struct kind memory_kinds[] = {
	{ "anonymous", anonymous, 0 },
	{ "one-page", one_page, 0 },
	{ "huge-pages", huge_pages, 0 },
	{ "fragmented", fragmented, 0 },
	{ "named", named, EVERYTHING },
	{ "droppable", droppable, EVERYTHING },
	{ "noreserve-2G", noreserve, 0 },
	{ "locked", locked, 0 },
	{ "grows-down", grows_down, 0 },
	{ "moved", moved, 0 },
	{ "lowest-highest", lowest_highest, 0 },
	{ "dev-zero", dev_zero, EVERYTHING },
	{ "merged", merged, 0 },
	{ "swapped", swapped, 0 },
	{ "copy-on-write", copy_on_write, 0 },
	{ NULL, NULL, 0 },
};
