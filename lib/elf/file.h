/*
 * The headers of an ELF file of any class and byte order, in a file or in memory.  Nothing that the
 * file says is trusted, and little is held of it: two windows of ELF_FILE_WINDOW bytes.
 */
#ifndef GZCORE_ELF_FILE_H
#define GZCORE_ELF_FILE_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/id.h"

/* Returns ELF_ID_MALFORMED, and lets elf_id_error say why: a constant. */
enum elf_id_status elf_id_malformed(const char *why);

#define ELF_FILE_WINDOW 4096u

struct elf_file {
	int fd;
	const uint8_t *memory;		/* size bytes in place of the file, or NULL */
	uint64_t size;			/* bytes of the file */
	int is64, big;			/* its class and byte order */
	Elf64_Ehdr head;
	/*
	 * As the header has them, or, where they do not fit there, the first section header (gABI
	 * chapter 4).
	 */
	uint64_t segments, sections;	/* program headers, section headers */
	/* the section with the sections' names, SHN_UNDEF: there is none */
	uint64_t names;
	struct elf_file_window {
		uint64_t at;
		size_t len;
		uint8_t bytes[ELF_FILE_WINDOW];
	} headers, strings;
};

/*
 * Reads the file header.  Returns ELF_ID_OK, or what is wrong: ELF_ID_NOT_ELF, ELF_ID_ARCHIVE,
 * ELF_ID_TOO_MANY, ELF_ID_MALFORMED when the file is shorter than its header, ELF_ID_SYSTEM with
 * errno.  Nothing needs to be closed; the file stays the caller's.
 */
enum elf_id_status elf_file_open(struct elf_file *f, int fd);

/* The same of the first len bytes of a file, whose section headers are not looked for. */
enum elf_id_status elf_file_memory(struct elf_file *f, const uint8_t *bytes, size_t len);

/*
 * Program header and section header number i, from 0.  Returns 1, or 0 when the file has none
 * there.
 */
int elf_file_segment(struct elf_file *f, uint64_t i, Elf64_Phdr *p);
int elf_file_section(struct elf_file *f, uint64_t i, Elf64_Shdr *s);

/* Whether the file has len bytes at an offset. */
int elf_file_has(const struct elf_file *f, uint64_t at, uint64_t len);

/* Reads len bytes at an offset; 1, or 0 when the file does not have them all. */
int elf_file_read(const struct elf_file *f, uint64_t at, void *buf, size_t len);

/*
 * The same through a window, for what is read bit by bit: up to ELF_FILE_WINDOW bytes, there until
 * the next call.
 */
const uint8_t *elf_file_look(const struct elf_file *f, struct elf_file_window *w, uint64_t at,
    size_t len);

#endif
