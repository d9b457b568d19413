/* held - waits with memory of several kinds, to be stopped and captured; see stopped.py */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

static size_t page;

/* Says where something is, for the tests. */
static uint8_t *
map(const char *name, size_t len, int flags, int fd)
{
	uint8_t *p = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		err(1, "%s", name);
	printf("%s=%#jx\n", name, (uintmax_t)(uintptr_t)p);
	return p;
}

static uint8_t *
anonymous(const char *name, size_t len)
{
	return map(name, len, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

/* Never the same bytes twice. */
static uint64_t x = 88172645463325252u;

static void
fill(uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i += sizeof(x)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(p + i, &x, sizeof(x));
	}
}

static int
file(const char *name, size_t len)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, (off_t)len) < 0)
		err(1, "%s", name);
	return fd;
}

/* usage: held FOLDER MEGABYTES [SEED]: files are made in the folder; with a seed all is filled with other bytes. */
int
main(int argc, char **argv)
{
	size_t more = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	uint8_t *p;
	int fd;

	x ^= argc > 3;
	page = (size_t)sysconf(_SC_PAGESIZE);
	if (argc < 2 || chdir(argv[1]) < 0)
		err(1, "usage: held FOLDER MEGABYTES");
	/* Whoever captures it is not its parent. */
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	fill(anonymous("filled", 3 * MIB + page), 3 * MIB + page);
	/* A page in every 4 MiB. */
	p = anonymous("hole", 16 * MIB);
	for (size_t i = 0; i < 16 * MIB; i += 4 * MIB)
		fill(p + i, page);
	p = anonymous("every_other", MIB);
	for (size_t i = 0; i < MIB; i += 2 * page)
		fill(p + i, page);
	/* Was touched, and is zeros all the same. */
	memset(anonymous("zeros", MIB), 0, MIB);
	p = anonymous("closed", 64 * page);
	fill(p, 64 * page);
	if (mprotect(p, 64 * page, PROT_NONE) < 0)
		err(1, "mprotect");
	fd = file("shared", MIB);
	fill(map("shared", MIB, MAP_SHARED, fd), MIB);
	fd = file("private", MIB);
	p = map("private", MIB, MAP_SHARED, fd);
	fill(p, MIB);
	p = map("private", MIB, MAP_PRIVATE, fd);
	fill(p + 5 * page, page);
	/* There is no file behind its second page: reading it fails. */
	fd = file("short", 4 * page);
	p = map("short", 4 * page, MAP_SHARED, fd);
	fill(p, page);
	if (ftruncate(fd, (off_t)page) < 0)
		err(1, "short");
	if (more > 0)
		fill(anonymous("more", more * MIB), more * MIB);
	printf("ready\n");
	if (fflush(stdout) == EOF)
		return 1;
	for (;;)
		pause();
}
