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

/* The file and line at an address.  clang writes no such table, and libdwfl does without since 0.191 only. */
static void
find_line(struct trace *t, struct trace_frame *f, Dwfl_Module *m, Dwarf_Addr at)
{
	Dwfl_Line *line = dwfl_module_getsrc(m, at);
	Dwarf_Die *unit = NULL;
	Dwarf_Line *l = NULL;
	Dwarf_Addr bias = 0;

	if (line != NULL) {
		f->file = dwfl_lineinfo(line, NULL, &f->line, &f->column, NULL, NULL);
		return;
	}
	if (has_table(m))
		return;
	while (l == NULL && t->units++ < TRACE_UNITS &&
	    (unit = dwfl_module_nextcu(m, unit, &bias)) != NULL)
		if (dwarf_haspc(unit, at - bias) > 0)
			l = dwarf_getsrc_die(unit, at - bias);
	if (l != NULL && (f->file = dwarf_linesrc(l, NULL, NULL)) != NULL) {
		dwarf_lineno(l, &f->line);
		dwarf_linecol(l, &f->column);
	}
}

void
trace_describe(struct trace *t, struct trace_frame *f, uint64_t pc, int exact)
{
	/* A call may be the last instruction of its function. */
	uint64_t at = pc - !exact;
	Dwfl_Module *m = dwfl_addrmodule(t->dwfl, at);
	const char *name, *path = NULL;
	Dwarf_Addr start, end, vaddr;
	void **unsure;
	GElf_Off off;
	GElf_Sym sym;
	int n;

	memset(f, 0, sizeof(*f));
	f->pc = pc;
	f->exact = exact;
	if (m == NULL)
		return;
	if ((f->function = dwfl_module_addrinfo(m, at, &off, &sym, NULL, NULL, NULL)) != NULL)
		f->function_offset = off + !exact;
	/* The file is known once its symbols have been looked for. */
	name = dwfl_module_info(m, &unsure, &start, &end, NULL, NULL, &path, NULL);
	f->module = path != NULL ? path : name;
	f->unsure = *unsure != NULL;
	f->offset = pc - start;
	if ((n = dwfl_module_build_id(m, &f->build_id, &vaddr)) > 0)
		f->build_id_len = (size_t)n < ELF_ID_BUILD_ID_MAX ? (size_t)n : ELF_ID_BUILD_ID_MAX;
	find_line(t, f, m, at);
}
