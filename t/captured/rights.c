/* Kinds of memory by its rights, and by what madvise(2) has said of it. */
#define _GNU_SOURCE
#include "kinds.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

static char *
advised(int advice, const char *name)
{
	char *p = map_private(60);

	fill_some(p, 60);
	if (madvise(p + 5 * page, 40 * page, advice) < 0)
		refuse(name);
	return p;
}

static void
not_dumped(void)
{
	char *p = advised(MADV_DONTDUMP, "MADV_DONTDUMP");

	madvise(p + 20 * page, 5 * page, MADV_DODUMP);
}

static void
not_forked(void)
{
	advised(MADV_DONTFORK, "MADV_DONTFORK");
	go_on_in_child(NULL);
}

static void
wiped(void)
{
	char *p = advised(MADV_WIPEONFORK, "MADV_WIPEONFORK");

	go_on_in_child(NULL);
	fill(p + 7 * page, page);
}

static void
freed(void)
{
	char *p = advised(MADV_FREE, "MADV_FREE");

	fill(p + 6 * page, page);
	p = advised(MADV_DONTNEED, "MADV_DONTNEED");
	fill(p + 7 * page, page);
}

static void
guarded(void)
{
	char *p = advised(MADV_GUARD_INSTALL, "MADV_GUARD_INSTALL"), *q;
	int fd = new_memfd(60, 60, MFD_CLOEXEC);

	/* In a shared mapping the pages below the guard are still there. */
	q = map(60 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	madvise(q + 8 * page, 9 * page, MADV_GUARD_INSTALL);
	fill(p + 50 * page, page);
}

static void
no_rights(void)
{
	const int rights[] = {
		PROT_NONE, PROT_WRITE, only_executable(), PROT_READ, PROT_READ | PROT_EXEC,
	};

	for (size_t i = 0; i < sizeof(rights) / sizeof(*rights); i++) {
		char *p = map_private(30);

		fill_some(p, 30);
		if (mprotect(p, 30 * page, rights[i]) < 0)
			refuse("mprotect");
	}
	/* Never touched, and without rights. */
	map(30 * page, PROT_NONE, MAP_PRIVATE, -1);
}

static void
shared_no_rights(void)
{
	const int rights[] = { PROT_NONE, PROT_WRITE, only_executable(), PROT_READ };

	for (size_t i = 0; i < sizeof(rights) / sizeof(*rights); i++) {
		/* By its descriptor the memory has data that this process has never touched. */
		int fd = new_memfd(30, 20, MFD_CLOEXEC);

		map(30 * page, rights[i], MAP_SHARED, fd);
		map(30 * page, rights[i], MAP_PRIVATE, fd);
		fd = new_file(30, 1);
		map(30 * page, rights[i], MAP_SHARED, fd);
		map(30 * page, rights[i], MAP_PRIVATE, fd);
	}
}

static void
secret(void)
{
	int fd = (int)syscall(447 /* memfd_secret */, 0);

	if (fd < 0 || ftruncate(fd, (off_t)(20 * page)) < 0)
		refuse("memfd_secret");
	char *p = map(20 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	fill_some(p, 20);
	/* The kernel refuses this, as it should. */
	madvise(p, 20 * page, MADV_DODUMP);
}

/* rights: 0: none are taken from the thread that crashes, 1: it has no access. */
static void
with_key(unsigned long rights)
{
	long key = syscall(SYS_pkey_alloc, 0, rights);
	char *p = map_private(20);

	if (key < 0)
		refuse("pkey_alloc");
	fill_some(p, 20);
	if (syscall(SYS_pkey_mprotect, p, 10 * page, PROT_READ | PROT_WRITE, key) < 0)
		refuse("pkey_mprotect");
}

static void
closed_by_key(void)
{
	with_key(1);
}

static void
open_to_key(void)
{
	with_key(0);
}

static void
only_executed(void)
{
	char *p = map_private(20);

	fill_some(p, 20);
	mprotect(p, 10 * page, PROT_EXEC);
}

const struct kind rights_kinds[] = {
	{ "dontdump", not_dumped, EVERYTHING },
	{ "dontfork", not_forked, 0 },
	{ "wipeonfork", wiped, 0 },
	{ "freed", freed, 0 },
	{ "guard-install", guarded, EVERYTHING },
	{ "no-rights", no_rights, EVERYTHING },
	{ "no-rights-shared", shared_no_rights, EVERYTHING },
	{ "secretmem", secret, EVERYTHING },
	{ "pkeys", closed_by_key, EVERYTHING },
	{ "pkeys-open", open_to_key, EVERYTHING },
	{ "only-executed", only_executed, EVERYTHING },
	{ NULL, NULL, 0 },
};
