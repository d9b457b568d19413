/* kinds - a process of the kind that is named, which crashes, for captured.py */
#define _GNU_SOURCE
#include "kinds.h"
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

size_t page, huge = 2 << 20;
const char *operand;

_Noreturn void
refuse(const char *what)
{
	if (errno != 0)
		err(REFUSED, "%s", what);
	errx(REFUSED, "%s", what);
}

_Noreturn void
crash(void)
{
	/* An address that no process can have mapped. */
	*(volatile int *)(uintptr_t)-4096 = 1;
	_exit(1);
}

char *
map(size_t len, int rights, int flags, int fd)
{
	char *p = mmap(NULL, len, rights, flags | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);

	if (p == MAP_FAILED)
		refuse("mmap");
	return p;
}

char *
map_private(size_t pages)
{
	return map(pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, -1);
}

void
fill(char *p, size_t len)
{
	static uint64_t x = 88172645463325252u;
	uint64_t *words = (uint64_t *)(void *)p;

	for (size_t i = 0; i < len / sizeof(*words); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		words[i] = x;
	}
}

int
only_executable(void)
{
	long key = syscall(SYS_pkey_alloc, 0, 0);

	if (key < 0)
		return PROT_EXEC;
	syscall(SYS_pkey_free, key);
	return PROT_EXEC | PROT_READ;
}

void
fill_some(char *p, size_t pages)
{
	for (size_t i = 0; i < pages; i++) {
		if (i % 3 == 0)
			fill(p + i * page, page);
		else if (i % 3 == 1)
			(void)*(volatile char *)(p + i * page);
	}
}

static void
write_pages(int fd, size_t pages)
{
	char *p = malloc(page);

	for (size_t i = 0; p != NULL && i < pages; i++) {
		fill(p, page);
		if (write(fd, p, page) != (ssize_t)page)
			refuse("write");
	}
	free(p);
}

int
new_file(size_t pages, int named)
{
	char name[] = "file.XXXXXX";
	int fd = mkstemp(name);

	if (fd < 0)
		refuse("mkstemp");
	if (!named)
		unlink(name);
	write_pages(fd, pages);
	return fd;
}

int
new_memfd(size_t pages, size_t written, unsigned flags)
{
	int fd = memfd_create("kinds", flags);

	if (fd < 0 || ftruncate(fd, (off_t)(pages * page)) < 0)
		refuse("memfd_create");
	write_pages(fd, written);
	return fd;
}

void
go_on_in_child(const char *path)
{
	pid_t child = fork();

	if (child < 0)
		refuse("fork");
	if (child == 0)
		return;
	waitpid(child, NULL, 0);
	if (path != NULL)
		unlink(path);
	/* This process itself must not dump. */
	kill(getpid(), SIGKILL);
}

static void
set_filter(unsigned long filter)
{
	int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || dprintf(fd, "%#lx\n", filter) < 0)
		refuse("coredump_filter");
	close(fd);
}

/* kinds: the names of all kinds; kinds NAME [-f FILTER] [OPERAND]: crashes as one. */
int
main(int argc, char **argv)
{
	const struct kind *tables[] = { memory_kinds, rights_kinds, file_kinds, shared_kinds, fault_kinds,
		device_kinds, process_kinds };
	const struct kind *found = NULL;
	unsigned long filter;

	page = (size_t)sysconf(_SC_PAGESIZE);
	for (size_t t = 0; t < sizeof(tables) / sizeof(*tables); t++)
		for (const struct kind *k = tables[t]; k->name != NULL; k++) {
			if (argc < 2)
				puts(k->name);
			else if (strcmp(k->name, argv[1]) == 0)
				found = k;
		}
	if (argc < 2)
		return 0;
	if (found == NULL)
		errx(2, "%s: no such kind", argv[1]);
	filter = found->filter;
	if (argc > 3 && strcmp(argv[2], "-f") == 0)
		filter = strtoul(argv[3], NULL, 16);
	else if (argc > 2)
		operand = argv[2];
	if (filter != 0 || argc > 3)
		set_filter(filter);
	errno = 0;
	found->make();
	crash();
}
