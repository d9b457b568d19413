#include "elf/symbol.h"

#include <gelf.h>
#include <libelf.h>
#include <string.h>

#include "base/io.h"
#include "elf/debug_file.h"
#include "elf/id.h"

/* The most bytes of a table of symbols, or of their names: libelf holds all of it, and a file of holes is any size. */
#define TABLE_MAX (512u * 1024 * 1024)

/* Whether a section is no more than libelf may hold. */
static int
bounded(Elf *elf, size_t index)
{
	Elf_Scn *section = elf_getscn(elf, index);
	GElf_Shdr head;

	return section != NULL && gelf_getshdr(section, &head) != NULL && head.sh_size <= TABLE_MAX;
}

/* Where the symbol is by the file's own addresses, in a table of that type. */
static int
in_table(Elf *elf, uint32_t type, const char *name, GElf_Sym *sym)
{
	Elf_Scn *section = NULL;
	GElf_Shdr head;

	while ((section = elf_nextscn(elf, section)) != NULL) {
		Elf_Data *data;

		if (gelf_getshdr(section, &head) == NULL || head.sh_type != type ||
		    !bounded(elf, elf_ndxscn(section)) || !bounded(elf, head.sh_link) ||
		    (data = elf_getdata(section, NULL)) == NULL)
			continue;
		for (int i = 0; gelf_getsym(data, i, sym) != NULL; i++) {
			const char *text = sym->st_shndx != SHN_UNDEF ? elf_strptr(elf, head.sh_link, sym->st_name) : NULL;

			if (text != NULL && strcmp(text, name) == 0)
				return 1;
		}
	}
	return 0;
}

/* The address that the file's first byte has in memory, before it is moved. */
static int
first_address(Elf *elf, uint64_t *address)
{
	size_t n = 0;
	GElf_Phdr p;

	if (elf_getphdrnum(elf, &n) < 0)
		return 0;
	for (size_t i = 0; i < n && gelf_getphdr(elf, (int)i, &p) != NULL; i++)
		if (p.p_type == PT_LOAD && p.p_offset < 4096) {
			*address = p.p_vaddr - p.p_offset;
			return 1;
		}
	return 0;
}

/* The same of a debug file. */
static int
in_debug_file(int fd, const char *path, const char *name, GElf_Sym *sym)
{
	int debug = elf_debug_open(fd, path), found = 0;
	struct elf_id id;
	Elf *elf;

	if (debug < 0)
		return 0;
	if (elf_id_read(debug, ELF_ID_SECTION, &id) == ELF_ID_OK &&
	    (elf = elf_begin(debug, ELF_C_READ, NULL)) != NULL) {
		found = in_table(elf, SHT_SYMTAB, name, sym);
		elf_end(elf);
	}
	io_close(debug);
	return found;
}

int
elf_symbol_find(int fd, const char *path, const char *name, uint64_t *at, uint64_t *len)
{
	uint64_t first;
	GElf_Sym sym;
	int found;
	Elf *elf;

	elf_version(EV_CURRENT);
	if ((elf = elf_begin(fd, ELF_C_READ, NULL)) == NULL)
		return 0;
	found = first_address(elf, &first) && (in_table(elf, SHT_SYMTAB, name, &sym) ||
	    in_debug_file(fd, path, name, &sym) || in_table(elf, SHT_DYNSYM, name, &sym));
	elf_end(elf);
	if (!found)
		return 0;
	*at = sym.st_value - first;
	*len = sym.st_size > 0 ? sym.st_size : 1;
	return 1;
}
