/* Where the data of a symbol is: the symbol table of an ELF file (gABI chapter 4). */
#ifndef GZCORE_ELF_SYMBOL_H
#define GZCORE_ELF_SYMBOL_H

#include <stdint.h>

/*
 * Looks for a symbol in the ELF file fd, which is at path, in its debug file, and among its dynamic
 * symbols.  Returns 1, with *at the bytes from the place of the file's first byte in memory, and
 * *len its size in bytes, 1 when it has none; or 0.
 */
int elf_symbol_find(int fd, const char *path, const char *name, uint64_t *at, uint64_t *len);

#endif
