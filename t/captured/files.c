/* Kinds of mappings of files. */
#define _GNU_SOURCE
#include "kinds.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void
private_clean(void)
{
	char *p = map(50 * page, PROT_READ, MAP_PRIVATE, new_file(50, 1));

	for (size_t i = 0; i < 50; i += 7)
		(void)*(volatile char *)(p + i * page);
}

static void
private_dirty(void)
{
	char *p = map(50 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, new_file(50, 1));

	/* The kernel then dumps all of it, clean pages too, with the default filter. */
	for (size_t i = 0; i < 50; i += 9)
		fill(p + i * page, page);
}

static void
shared_file(void)
{
	char *p = map(50 * page, PROT_READ | PROT_WRITE, MAP_SHARED, new_file(50, 1));

	for (size_t i = 0; i < 50; i += 9)
		fill(p + i * page, page);
	map(50 * page, PROT_READ, MAP_SHARED, new_file(50, 0));
}

/* A part of a page at the end, pages behind it, and pages that were cut off. */
static void
behind_end(int flags)
{
	int fd = new_file(20, 1);
	char *p = map(40 * page, PROT_READ | PROT_WRITE, flags, fd);

	for (size_t i = 0; i < 20; i += 2)
		fill(p + i * page, page);
	if (ftruncate(fd, (off_t)(10 * page + 100)) < 0)
		refuse("ftruncate");
	/* Never touched, and empty from the start. */
	fd = new_file(0, 1);
	map(4 * page, PROT_READ | PROT_WRITE, flags, fd);
}

static void private_behind_end(void) { behind_end(MAP_PRIVATE); }
static void shared_behind_end(void) { behind_end(MAP_SHARED); }

/* The kernel dumps the first page of a mapped file that starts with the ELF magic. */
static void
elf_headers(void)
{
	int fd = new_file(5, 1), plain = new_file(5, 1);

	if (pwrite(fd, "\177ELF", 4, 0) != 4)
		refuse("write");
	map(5 * page, PROT_READ, MAP_PRIVATE, fd);
	map(5 * page, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd);
	map(5 * page, PROT_NONE, MAP_PRIVATE, fd);
	map(5 * page, only_executable(), MAP_PRIVATE, fd);
	map(5 * page, PROT_READ, MAP_SHARED, fd);
	map(5 * page, PROT_READ, MAP_PRIVATE, plain);
	fchmod(plain, 0755);
	map(5 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, plain);
}

/* The mapped files of all sorts, for the bits of coredump_filter. */
void
files(void)
{
	private_clean();
	private_dirty();
	shared_file();
	elf_headers();
}

/* A file of another file system: the operand. */
static void
file_at(void)
{
	int fd = operand == NULL ? -1 : open(operand, O_RDWR | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size < (off_t)(20 * page))
		refuse("no file as operand");
	char *p = map(24 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
	fill(p + 3 * page, page);
	map(24 * page, PROT_READ, MAP_PRIVATE, fd);
	p = map(20 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	(void)*(volatile char *)(p + 7 * page);
}

const struct kind file_kinds[] = {
	{ "file-private-clean", private_clean, EVERYTHING },
	{ "file-private-dirty", private_dirty, 0 },
	{ "file-shared", shared_file, EVERYTHING },
	{ "file-end-private", private_behind_end, 0 },
	{ "file-end-shared", shared_behind_end, EVERYTHING },
	{ "elf-headers", elf_headers, 0 },
	{ "file-at", file_at, EVERYTHING },
	{ NULL, NULL, 0 },
};
