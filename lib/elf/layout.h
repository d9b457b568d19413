/*
 * The headers of ELF files and cores of both classes and byte orders (gABI chapters 4 and 5), read
 * into the structs of <elf.h> for 64 bits and written from them.
 */
#ifndef GZCORE_ELF_LAYOUT_H
#define GZCORE_ELF_LAYOUT_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

/* The largest of the headers below, bytes. */
#define ELF_HEADER_MAX sizeof(Elf64_Ehdr)

enum elf_header { ELF_EHDR, ELF_PHDR, ELF_SHDR, ELF_SYM, ELF_NHDR };

/* The bytes of a header, and of an address, in a file of the class. */
size_t elf_header_size(enum elf_header kind, int is64);
size_t elf_word_size(int is64);

/* A number of n bytes, at most 8, big endian or little endian; and the same written to p[n]. */
uint64_t elf_number(const uint8_t *p, size_t n, int big);
void elf_number_put(uint8_t *p, size_t n, int big, uint64_t value);

/* Reads a header from its bytes p[elf_header_size()]. */
void elf_ehdr_get(Elf64_Ehdr *h, const uint8_t *p, int is64, int big);
void elf_phdr_get(Elf64_Phdr *h, const uint8_t *p, int is64, int big);
void elf_shdr_get(Elf64_Shdr *h, const uint8_t *p, int is64, int big);
void elf_sym_get(Elf64_Sym *h, const uint8_t *p, int is64, int big);
void elf_nhdr_get(Elf64_Nhdr *h, const uint8_t *p, int big);

/* Writes a header to p[elf_header_size()]; of a value only the bits that its field has room for. */
void elf_ehdr_put(const Elf64_Ehdr *h, uint8_t *p, int is64, int big);
void elf_phdr_put(const Elf64_Phdr *h, uint8_t *p, int is64, int big);
void elf_shdr_put(const Elf64_Shdr *h, uint8_t *p, int is64, int big);
void elf_nhdr_put(const Elf64_Nhdr *h, uint8_t *p, int big);

/*
 * Makes the file header one of a core with so many program headers behind it, and at end, when
 * they are PN_XNUM or more, the section header that counts them.
 */
void elf_ehdr_count(Elf64_Ehdr *h, uint64_t count, uint64_t end, int is64);

/*
 * Writes the section header that counts a core's program headers where e_phnum is PN_XNUM
 * (fs/binfmt_elf.c, fill_extnum_info) to p[elf_header_size(ELF_SHDR)].
 */
void elf_extended_put(uint8_t *p, uint32_t count, int is64, int big);

/*
 * Where a field is in a header's bytes: field is its offset in the struct for 64 bits, *size its
 * bytes there.
 */
size_t elf_field_at(enum elf_header kind, size_t field, int is64, size_t *size);

#endif
