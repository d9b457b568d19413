/*
 * The bytes of an ELF file that a header leads to, and those that none does: what a program that
 * rewrites ELF files, such as objcopy(1), does not know of and loses.
 */
#ifndef GZCORE_ELF_RANGES_H
#define GZCORE_ELF_RANGES_H

#include <libelf.h>
#include <stddef.h>
#include <stdint.h>

struct elf_ranges {
	struct elf_ranges_one {
		uint64_t from, to;
		int code;	/* executable, and loaded */
	} *one;			/* in the order of the file */
	size_t count;
	int fd;
};

/*
 * Lists the headers, segments and sections of an ELF file that is open in fd.  Returns 0, or -1
 * without memory. The file must be open as long as the ranges are.
 */
int elf_ranges_open(struct elf_ranges *r, Elf *elf, int fd);
void elf_ranges_close(struct elf_ranges *r);

/* Where the last byte ends that a header leads to. */
uint64_t elf_ranges_end(const struct elf_ranges *r);

/*
 * Finds bytes before that end that no header leads to, and that are other than filling: zeros, or
 * what a linker puts behind code.  1 and where they are, 0 when there are none, -1 with errno when
 * the file cannot be read.
 */
int elf_ranges_gap(const struct elf_ranges *r, uint64_t *from, uint64_t *to);

#endif
