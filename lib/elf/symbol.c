#include "elf/symbol.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "elf/debug_file.h"
#include "elf/file.h"
#include "elf/layout.h"

/*
 * The most bytes of a table of symbols, or of their names, which are held: a file of holes is any
 * size.
 */
#define TABLE_MAX (512u * 1024 * 1024)

/*
 * The names of a table of symbols, which the caller frees, and their bytes; NULL when they cannot
 * be had.
 */
static char *
read_names(struct elf_file *f, uint64_t section, size_t *len)
{
	Elf64_Shdr s;
	char *names;

	if (!elf_file_section(f, section, &s) || s.sh_type != SHT_STRTAB || s.sh_size == 0 ||
	    s.sh_size > TABLE_MAX ||
	    !elf_file_has(f, s.sh_offset, s.sh_size) || (names = malloc((size_t)s.sh_size)) == NULL)
		return NULL;
	*len = (size_t)s.sh_size;
	if (elf_file_read(f, s.sh_offset, names, *len))
		return names;
	free(names);
	return NULL;
}

/* Whether one of the symbols of a table is the one of that name. */
static int
in_section(struct elf_file *f, const Elf64_Shdr *table, const char *name, Elf64_Sym *sym)
{
	size_t size = elf_header_size(ELF_SYM, f->is64), want = strlen(name) + 1, len = 0;
	char *names = read_names(f, table->sh_link, &len);
	const uint8_t *b;
	int found = 0;

	for (uint64_t i = 0; names != NULL && !found && i < table->sh_size / size; i++) {
		if ((b = elf_file_look(f, &f->strings, table->sh_offset + i * size, size)) == NULL)
			break;
		elf_sym_get(sym, b, f->is64, f->big);
		found = sym->st_shndx != SHN_UNDEF && sym->st_name < len &&
		    want <= len - sym->st_name &&
		    memcmp(names + sym->st_name, name, want) == 0;
	}
	free(names);
	return found;
}

/* Where the symbol is by the file's own addresses, in a table of that type. */
static int
in_table(struct elf_file *f, uint32_t type, const char *name, Elf64_Sym *sym)
{
	Elf64_Shdr s;

	for (uint64_t i = 1; elf_file_section(f, i, &s); i++)
		if (s.sh_type == type && s.sh_size <= TABLE_MAX &&
		    elf_file_has(f, s.sh_offset, s.sh_size) &&
		    in_section(f, &s, name, sym))
			return 1;
	return 0;
}

/* The address that the file's first byte has in memory, before it is moved. */
static int
first_address(struct elf_file *f, uint64_t *address)
{
	Elf64_Phdr p;

	for (uint64_t i = 0; elf_file_segment(f, i, &p); i++)
		if (p.p_type == PT_LOAD && p.p_offset < 4096) {
			*address = p.p_vaddr - p.p_offset;
			return 1;
		}
	return 0;
}

/* The same of a debug file. */
static int
in_debug_file(int fd, const char *path, const char *name, Elf64_Sym *sym)
{
	int debug = elf_debug_open(fd, path), found;
	struct elf_file f;

	if (debug < 0)
		return 0;
	found = elf_file_open(&f, debug) == ELF_ID_OK && in_table(&f, SHT_SYMTAB, name, sym);
	io_close(debug);
	return found;
}

int
elf_symbol_find(int fd, const char *path, const char *name, uint64_t *at, uint64_t *len)
{
	struct elf_file f;
	uint64_t first;
	Elf64_Sym sym;

	if (elf_file_open(&f, fd) != ELF_ID_OK || !first_address(&f, &first))
		return 0;
	if (!in_table(&f, SHT_SYMTAB, name, &sym) && !in_debug_file(fd, path, name, &sym) &&
	    !in_table(&f, SHT_DYNSYM, name, &sym))
		return 0;
	*at = sym.st_value - first;
	*len = sym.st_size > 0 ? sym.st_size : 1;
	return 1;
}
