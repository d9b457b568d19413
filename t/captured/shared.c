/* Kinds of shared memory, and of the huge pages that are set aside. */
#define _GNU_SOURCE
#include "kinds.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MFD_HUGETLB
#define MFD_HUGETLB 4
#endif

#define BOTH (PROT_READ | PROT_WRITE)

void
shared_anonymous(void)
{
	char *p = map(300 * page, BOTH, MAP_SHARED, -1);

	fill_some(p, 300);
	/* Another process has written to these; this one never has. */
	p = map(300 * page, BOTH, MAP_SHARED, -1);
	pid_t other = fork();
	if (other == 0) {
		fill_some(p, 300);
		_exit(0);
	}
	waitpid(other, NULL, 0);
}

static void
memfd(void)
{
	char *p = map(100 * page, BOTH, MAP_SHARED, new_memfd(100, 0, MFD_CLOEXEC));

	fill_some(p, 100);
	p = map(100 * page, BOTH, MAP_PRIVATE, new_memfd(100, 60, MFD_CLOEXEC));
	fill_some(p + 40 * page, 40);
}

/* Data that came by write(2), and that no page of this process's page table has. */
static void
memfd_unmapped(void)
{
	map(100 * page, BOTH, MAP_SHARED, new_memfd(100, 60, MFD_CLOEXEC));
	map(100 * page, PROT_READ, MAP_SHARED, new_memfd(100, 60, MFD_CLOEXEC));
	map(100 * page, PROT_READ, MAP_PRIVATE, new_memfd(100, 60, MFD_CLOEXEC));
}

static void
memfd_holes(void)
{
	int fd = new_memfd(100, 100, MFD_CLOEXEC);
	char *p = map(100 * page, BOTH, MAP_SHARED, fd);

	fill_some(p, 100);
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(10 * page),
	    (off_t)(30 * page)) < 0)
		refuse("fallocate");
	/* Private pages of a shared file's holes, and behind its end. */
	p = map(100 * page, BOTH, MAP_PRIVATE, fd);
	fill(p + 12 * page, page);
	if (ftruncate(fd, (off_t)(90 * page + 5)) < 0)
		refuse("ftruncate");
}

static void
system_v(void)
{
	int id = shmget(IPC_PRIVATE, 100 * page, IPC_CREAT | 0600);
	char *p = id < 0 ? (char *)-1 : shmat(id, NULL, 0);

	if (p == (char *)-1)
		refuse("shmget");
	fill_some(p, 100);
	/* The same memory once more, which this process has not touched there. */
	shmat(id, NULL, SHM_RDONLY);
	shmctl(id, IPC_RMID, NULL);
}

static void
posix_shm(void)
{
	char name[40], path[60];

	snprintf(name, sizeof(name), "/kinds.%d", (int)getpid());
	snprintf(path, sizeof(path), "/dev/shm%s", name);
	int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)(100 * page)) < 0)
		refuse("shm_open");
	fill_some(map(100 * page, BOTH, MAP_SHARED, fd), 100);
	go_on_in_child(path);
	map(100 * page, PROT_READ, MAP_SHARED, fd);
	fill(map(100 * page, BOTH, MAP_PRIVATE, fd) + page, page);
}

static void
huge_shmem(void)
{
	int fd = new_memfd(4 * huge / page, 0, MFD_CLOEXEC);
	char *p = map(4 * huge, BOTH, MAP_SHARED, fd);

	if (madvise(p, 4 * huge, MADV_HUGEPAGE) < 0)
		refuse("MADV_HUGEPAGE");
	fill(p + huge, huge);
	p[3 * huge] = 1;
}

static void
hugetlb_private(void)
{
	char *p = map(4 * huge, BOTH, MAP_PRIVATE | MAP_HUGETLB, -1);

	fill(p, huge);
	p[2 * huge] = 1;
	(void)*(volatile char *)(p + 3 * huge);
}

static void
hugetlb_shared(void)
{
	char *p = map(4 * huge, BOTH, MAP_SHARED | MAP_HUGETLB, -1);
	int fd;

	fill(p, huge);
	p[2 * huge] = 1;
	fd = new_memfd(3 * huge / page, 0, MFD_CLOEXEC | MFD_HUGETLB);
	p = map(3 * huge, BOTH, MAP_SHARED, fd);
	fill(p, huge);
	/* Not touched at this place; and private, over pages of the file that others can see. */
	map(3 * huge, PROT_READ, MAP_SHARED, fd);
	p = map(3 * huge, BOTH, MAP_PRIVATE, fd);
	p[huge] = 1;
}

void
huge_tables(void)
{
	static const int flags[] = { MAP_PRIVATE, MAP_SHARED };

	/* The process is of use without them, too. */
	for (int i = 0; i < 2; i++) {
		char *p = mmap(NULL, 2 * huge, BOTH, flags[i] | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

		if (p != MAP_FAILED)
			fill(p, page);
	}
}

const struct kind shared_kinds[] = {
	{ "shared-anonymous", shared_anonymous, 0 },
	{ "memfd", memfd, 0 },
	{ "memfd-unmapped", memfd_unmapped, EVERYTHING },
	{ "memfd-holes", memfd_holes, 0 },
	{ "sysv-shm", system_v, 0 },
	{ "posix-shm", posix_shm, EVERYTHING },
	{ "huge-shmem", huge_shmem, 0 },
	{ "hugetlb-private", hugetlb_private, 0 },
	{ "hugetlb-shared", hugetlb_shared, EVERYTHING },
	{ NULL, NULL, 0 },
};
