#include <gelf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "elf/id.h"
#include "stack/private.h"

/* Whether the module's debug data has the table by which libdwfl finds the unit of an address. */
static int
has_table(Dwfl_Module *m)
{
	Dwarf_Aranges *table;
	Dwarf_Addr bias;
	size_t count = 0;
	Dwarf *d = dwfl_module_getdwarf(m, &bias);

	return d == NULL || (dwarf_getaranges(d, &table, &count) == 0 && count > 0);
}

/*
 * The unit of an address, and the file and line there.  clang writes no such table, and libdwfl
 * does without since 0.191 only.
 */
static Dwarf_Die *
find_line(struct trace *t, struct trace_frame *f, Dwfl_Module *m, Dwarf_Addr at, Dwarf_Addr *bias)
{
	Dwfl_Line *line = dwfl_module_getsrc(m, at);
	Dwarf_Die *unit = NULL;
	Dwarf_Line *l = NULL;

	if (line != NULL)
		f->file = dwfl_lineinfo(line, NULL, &f->line, &f->column, NULL, NULL);
	if (line != NULL || has_table(m))
		return dwfl_module_addrdie(m, at, bias);
	while (l == NULL && t->units++ < TRACE_UNITS &&
	    (unit = dwfl_module_nextcu(m, unit, bias)) != NULL)
		if (dwarf_haspc(unit, at - *bias) > 0)
			l = dwarf_getsrc_die(unit, at - *bias);
	if (l != NULL && (f->file = dwarf_linesrc(l, NULL, NULL)) != NULL) {
		dwarf_lineno(l, &f->line);
		dwarf_linecol(l, &f->column);
	}
	return l != NULL ? unit : NULL;
}

/*
 * Whether the module's own file has a symbol table that is not the dynamic linker's.  If not,
 * libdwfl would take the names of a debug file.
 */
static int
has_symbols(Dwfl_Module *m)
{
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(m, &bias);
	Elf_Scn *section = NULL;
	GElf_Shdr sh;

	while (elf != NULL && (section = elf_nextscn(elf, section)) != NULL)
		if (gelf_getshdr(section, &sh) != NULL && sh.sh_type == SHT_SYMTAB)
			return 1;
	return elf == NULL;
}

/* Whether the module's file has the table of functions that Go's linker makes, also in a stripped program. */
static int
is_go(Dwfl_Module *m)
{
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(m, &bias);
	Elf_Scn *section = NULL;
	const char *name;
	size_t names;
	GElf_Shdr sh;

	if (elf == NULL || elf_getshdrstrndx(elf, &names) != 0)
		return 0;
	while ((section = elf_nextscn(elf, section)) != NULL)
		if (gelf_getshdr(section, &sh) != NULL &&
		    (name = elf_strptr(elf, names, sh.sh_name)) != NULL &&
		    (strcmp(name, ".gopclntab") == 0 ||
			strcmp(name, ".data.rel.ro.gopclntab") == 0))
			return 1;
	return 0;
}

/* The symbol of a table at an address, the one that begins last; its offset in *off. */
static const char *
find_in_table(Elf *elf, Elf_Scn *section, const GElf_Shdr *sh, GElf_Addr at, GElf_Off *off)
{
	Elf_Data *data = elf_getdata(section, NULL);
	const char *found = NULL;
	GElf_Sym sym;

	*off = 0;
	for (int k = 0; data != NULL && gelf_getsym(data, k, &sym) != NULL; k++) {
		int kind = GELF_ST_TYPE(sym.st_info);

		if ((kind != STT_FUNC && kind != STT_GNU_IFUNC) || sym.st_shndx == SHN_UNDEF ||
		    at < sym.st_value || at - sym.st_value >= sym.st_size ||
		    (found != NULL && at - sym.st_value >= *off))
			continue;
		*off = at - sym.st_value;
		found = elf_strptr(elf, sh->sh_link, sym.st_name);
	}
	return found;
}

/* The function at an address by the symbols of the module's debug file, or NULL. */
static const char *
find_in_debug_file(Dwfl_Module *m, Dwarf_Addr at, GElf_Off *off)
{
	Dwarf_Addr bias;
	Dwarf *d = dwfl_module_getdwarf(m, &bias);
	Elf *elf = d != NULL ? dwarf_getelf(d) : NULL;
	Elf_Scn *section = NULL;
	GElf_Shdr sh;

	while (elf != NULL && (section = elf_nextscn(elf, section)) != NULL)
		if (gelf_getshdr(section, &sh) != NULL && sh.sh_type == SHT_SYMTAB)
			return find_in_table(elf, section, &sh, at - bias, off);
	return NULL;
}

/*
 * The function.  libdwfl keeps the table that it takes first, so that the own file's is taken before any debug file is
 * looked for: what a fingerprint rests on is the same with debug files and without.
 */
static void
find_function(struct trace *t, struct trace_frame *f, Dwfl_Module *m, Dwarf_Addr at, int exact)
{
	const char *better;
	void **flags;
	GElf_Off off = 0, other;
	GElf_Sym sym;

	dwfl_module_info(m, &flags, NULL, NULL, NULL, NULL, NULL, NULL);
	*flags = (void *)((uintptr_t)*flags | TRACE_MODULE_OWN);
	f->symbol = f->function = dwfl_module_addrinfo(m, at, &off, &sym, NULL, NULL, NULL);
	*flags = (void *)((uintptr_t)*flags & ~(uintptr_t)TRACE_MODULE_OWN);
	if (!has_symbols(m) && (better = find_in_debug_file(m, at, &other)) != NULL &&
	    (f->function == NULL || other < off)) {
		f->function = better;
		off = other;
	}
	if (f->function == NULL)
		return;
	f->function_offset = off + !exact;
	f->name = demangle_name(t->names, f->function);
}

void
trace_describe(struct trace *t, struct trace_seen *s, uint64_t pc, int exact)
{
	/* A call may be the last instruction of its function. */
	uint64_t at = pc - !exact;
	Dwfl_Module *m = dwfl_addrmodule(t->dwfl, at);
	struct trace_frame *f = &s->frame;
	const char *name, *path = NULL;
	Dwarf_Addr start, end, vaddr, bias = 0;
	Dwarf_Die *unit;
	void **flags;
	int n;

	free(s->inlined);
	*s = (struct trace_seen){ .frame = { .pc = pc, .exact = exact } };
	if (m == NULL)
		return;
	f->go = is_go(m);
	find_function(t, f, m, at, exact);
	/* The file is known once its symbols have been looked for. */
	name = dwfl_module_info(m, &flags, &start, &end, NULL, NULL, &path, NULL);
	f->module = path != NULL ? path : name;
	f->mapped = path != NULL && t->executable != NULL && t->core.exe != NULL &&
	    strcmp(path, t->executable) == 0 ? t->core.exe->path : name;
	f->unsure = ((uintptr_t)*flags & TRACE_MODULE_UNSURE) != 0;
	f->offset = pc - start;
	if ((n = dwfl_module_build_id(m, &f->build_id, &vaddr)) > 0)
		f->build_id_len = (size_t)n < ELF_ID_BUILD_ID_MAX ? (size_t)n : ELF_ID_BUILD_ID_MAX;
	if ((unit = find_line(t, f, m, at, &bias)) != NULL)
		trace_inlined(t, s, unit, at - bias);
}

/* Whether the module's file says that there is code at an address. */
static int
in_code_of_module(struct trace *t, uint64_t address)
{
	Dwfl_Module *m = dwfl_addrmodule(t->dwfl, address);
	GElf_Addr bias;
	Elf *elf = m != NULL ? dwfl_module_getelf(m, &bias) : NULL;
	size_t count;
	GElf_Phdr ph;

	if (elf == NULL || elf_getphdrnum(elf, &count) != 0)
		return core_files_at(&t->core.files, address) != NULL;
	for (size_t k = 0; k < count && gelf_getphdr(elf, (int)k, &ph) != NULL; k++)
		if (ph.p_type == PT_LOAD && (ph.p_flags & PF_X) != 0 &&
		    address - bias >= ph.p_vaddr && address - bias - ph.p_vaddr < ph.p_memsz)
			return 1;
	return 0;
}

int
trace_is_code(struct trace *t, uint64_t address)
{
	int code = core_code_at(&t->code, address);

	return code < 0 ? in_code_of_module(t, address) : code;
}
