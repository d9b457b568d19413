/*
 * The parts of an ELF file that are needed to follow a stack and to name its frames: the entries of
 * .eh_frame for some addresses, found by .eh_frame_hdr (LSB core, 10.6) or by reading them all, and
 * the symbols that contain these addresses.
 */
#ifndef GZCORE_ELF_UNWIND_H
#define GZCORE_ELF_UNWIND_H

#include <stddef.h>
#include <stdint.h>

#include "elf/file.h"

/* The most bytes of a description of frames, and of a name, that are taken. */
#define ELF_UNWIND_ENTRY 16384
#define ELF_UNWIND_NAME 1024

struct elf_unwind {
	struct elf_file *file;
	uint64_t at;		/* the address of .eh_frame_hdr */
	uint8_t *table;		/* its rows of two numbers: an address, that of a description */
	uint64_t rows;
};

/* Bytes of .eh_frame and their address. */
struct elf_unwind_entry {
	uint64_t at;
	size_t len;
	uint8_t bytes[ELF_UNWIND_ENTRY];
};

/* The section of that name; whether the file has it. */
int elf_unwind_section(struct elf_file *f, const char *name, Elf64_Shdr *s);

/*
 * Finds the table of a file that is open, or makes one of its section .eh_frame; addresses are the
 * file's own.  Returns 0, or -1 when the file has none that is understood.  elf_unwind_close frees
 * it, whatever came back.
 */
int elf_unwind_open(struct elf_unwind *u, struct elf_file *f);
void elf_unwind_close(struct elf_unwind *u);

/* The row of the table for an address: from there to the next row; or -1. */
int elf_unwind_row(const struct elf_unwind *u, uint64_t pc, uint64_t *from);

/*
 * The description (FDE) that the row starting at from has, and what it has in common with others
 * (CIE).  Returns 0, or -1 when it is not there or malformed.
 */
int elf_unwind_entry(struct elf_unwind *u, uint64_t from, struct elf_unwind_entry *fde,
    struct elf_unwind_entry *cie);

/*
 * Calls found with each symbol of the file's symbol table, or else of its dynamic one, that has one
 * of count addresses in rising order; name ends with NUL.  What found returns other than 0 ends it.
 */
void elf_unwind_symbols(struct elf_file *f, const uint64_t *at, size_t count,
    int (*found)(void *arg, const Elf64_Sym *s, const char *name), void *arg);

#endif
