/* Kinds of memory whose faults userfaultfd(2) reports, and nobody answers. */
#define _GNU_SOURCE
#include "kinds.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#define WP_UNPOPULATED (1 << 13)
#define POISON_FEATURE (1 << 14)

/* New in Linux 6.6; older headers lack it. */
struct poison {
	struct uffdio_range range;
	uint64_t mode;
	int64_t updated;
};
#define POISON _IOWR(UFFDIO, 0x08, struct poison)

#define BOTH (PROT_READ | PROT_WRITE)
#define PAGES 60

/* The descriptor, which stays open until the process has ended. */
static int
watch(char *p, size_t len, uint64_t features, uint64_t mode, int flags)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | flags);
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	struct uffdio_register reg = { .range = { (uintptr_t)p, len }, .mode = mode };

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) < 0)
		refuse("userfaultfd");
	if (ioctl(fd, UFFDIO_REGISTER, &reg) < 0)
		refuse("UFFDIO_REGISTER");
	return fd;
}

static void
missing(void)
{
	char *p = map_private(PAGES);

	fill_some(p, PAGES);
	watch(p, PAGES * page, 0, UFFDIO_REGISTER_MODE_MISSING, 0);
}

static void
missing_user_mode(void)
{
	char *p = map_private(PAGES);

	fill_some(p, PAGES);
	watch(p, PAGES * page, 0, UFFDIO_REGISTER_MODE_MISSING, UFFD_USER_MODE_ONLY);
}

static void
missing_shmem(void)
{
	char *p = map(PAGES * page, BOTH, MAP_SHARED, new_memfd(PAGES, 20, MFD_CLOEXEC));

	fill_some(p + 10 * page, 30);
	watch(p, PAGES * page, UFFD_FEATURE_MISSING_SHMEM, UFFDIO_REGISTER_MODE_MISSING, 0);
}

static void
missing_hugetlb(void)
{
	char *p = map(4 * huge, BOTH, MAP_PRIVATE | MAP_HUGETLB, -1);

	fill(p + huge, huge);
	watch(p, 4 * huge, UFFD_FEATURE_MISSING_HUGETLBFS, UFFDIO_REGISTER_MODE_MISSING, 0);
}

/* The page has its data, but this mapping of it has no entry in the page table. */
static void
minor(void)
{
	int fd = new_memfd(PAGES, 40, MFD_CLOEXEC);
	char *p = map(PAGES * page, BOTH, MAP_SHARED, fd);

	(void)*(volatile char *)p;
	fill(p + page, page);
	watch(p, PAGES * page, UFFD_FEATURE_MINOR_SHMEM, UFFDIO_REGISTER_MODE_MINOR, 0);
}

static void
minor_hugetlb(void)
{
	int fd = new_memfd(3 * huge / page, 0, MFD_CLOEXEC | MFD_HUGETLB);
	char *p = map(3 * huge, BOTH, MAP_SHARED, fd), *q = map(3 * huge, BOTH, MAP_SHARED, fd);

	fill(p, huge);
	p[huge] = 1;
	q[huge] = 2;
	watch(q, 3 * huge, UFFD_FEATURE_MINOR_HUGETLBFS, UFFDIO_REGISTER_MODE_MINOR, 0);
}

static void
protect(char *p, uint64_t features, uint64_t also)
{
	struct uffdio_writeprotect wp = { { (uintptr_t)p, PAGES * page }, UFFDIO_WRITEPROTECT_MODE_WP };
	int fd = watch(p, PAGES * page, features, UFFDIO_REGISTER_MODE_WP | also, 0);

	if (ioctl(fd, UFFDIO_WRITEPROTECT, &wp) < 0)
		refuse("UFFDIO_WRITEPROTECT");
}

static void
write_protected(void)
{
	char *p = map_private(PAGES);

	fill_some(p, PAGES);
	/* Pages that are not there get a marker in the page table. */
	protect(p, WP_UNPOPULATED, 0);
}

/* The markers look like pages that were swapped out, but a read of one is a fault that waits. */
static void
missing_write_protected(void)
{
	char *p = map_private(PAGES);

	fill_some(p, PAGES);
	protect(p, WP_UNPOPULATED, UFFDIO_REGISTER_MODE_MISSING);
}

static void
write_protected_shmem(void)
{
	char *p = map(PAGES * page, BOTH, MAP_SHARED, new_memfd(PAGES, 40, MFD_CLOEXEC));

	fill_some(p + 30 * page, 20);
	protect(p, UFFD_FEATURE_WP_HUGETLBFS_SHMEM, 0);
}

static void
poisoned(void)
{
	char *p = map_private(PAGES);
	struct poison poison = { { (uintptr_t)p + 20 * page, 10 * page }, 0, 0 };
	int fd;

	fill_some(p, 20);
	fill_some(p + 30 * page, 30);
	fd = watch(p, PAGES * page, POISON_FEATURE, UFFDIO_REGISTER_MODE_MISSING, 0);
	if (ioctl(fd, POISON, &poison) < 0)
		refuse("UFFDIO_POISON");
}

const struct kind fault_kinds[] = {
	{ "uffd-missing", missing, 0 },
	{ "uffd-missing-user-mode", missing_user_mode, 0 },
	{ "uffd-missing-shmem", missing_shmem, 0 },
	{ "uffd-missing-hugetlb", missing_hugetlb, 0 },
	{ "uffd-minor", minor, 0 },
	{ "uffd-minor-hugetlb", minor_hugetlb, EVERYTHING },
	{ "uffd-write-protected", write_protected, 0 },
	{ "uffd-missing-write-protected", missing_write_protected, 0 },
	{ "uffd-write-protected-shmem", write_protected_shmem, 0 },
	{ "uffd-poisoned", poisoned, 0 },
	{ NULL, NULL, 0 },
};
