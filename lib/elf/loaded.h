/*
 * What of an ELF file is loaded into memory (gABI chapter 5, kernel fs/binfmt_elf.c), and whether
 * another file loads the same: what a program that rewrites ELF files, such as objcopy(1), must not
 * change.
 */
#ifndef GZCORE_ELF_LOADED_H
#define GZCORE_ELF_LOADED_H

#include "elf/id.h"

/* Room for words about what is wrong, bytes with the terminator. */
#define ELF_LOADED_WORDS ELF_ID_WHY

enum elf_loaded_status {
	ELF_LOADED_OK,
	/* it has bytes, behind or within, that no header leads to, other than filling */
	ELF_LOADED_BEHIND,
	ELF_LOADED_OTHER,	/* the other file loads something else */
	ELF_LOADED_BAD		/* it is no program, library or object, or cannot be read */
};

/*
 * Whether the file at path is a program, a library or an object, and nothing else; words say why
 * not.
 */
enum elf_loaded_status elf_loaded_check(const char *path, char words[ELF_LOADED_WORDS]);

/*
 * Whether the file other loads what the one at path does, both good by elf_loaded_check but for
 * bytes behind them: the same bytes at the same addresses, with the same rights, the same entry
 * point, interpreter, dynamic section and thread-local storage.  Only where that stands in the
 * file, and what is not loaded, may differ.
 */
enum elf_loaded_status elf_loaded_same(const char *path, const char *other,
    char words[ELF_LOADED_WORDS]);

#endif
