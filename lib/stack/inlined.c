/*
 * The functions that a compiler put into others, by DWARF 5, 3.3.8.  Nothing in debug data is trusted: what is walked
 * through is counted, for all frames together, and nothing recurses.
 */
#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/private.h"

/* The most entries within each other that are gone down: namespaces, functions, blocks. */
#define DEPTH 256
/* The most origins and declarations that lead from one to the other, and the longest name. */
#define STEPS 16
#define NAME 1024

/* Whether there may be one more entry to look at. */
static int
may_go_on(struct trace *t)
{
	return t->dies < TRACE_DIES && ++t->dies > 0;
}

/* Moves to the next entry of the same level; 0 when there is none. */
static int
next(struct trace *t, Dwarf_Die *die)
{
	return may_go_on(t) && dwarf_siblingof(die, die) == 0;
}

/* The function of the unit that has code at the address. */
static int
find_function(struct trace *t, Dwarf_Die *unit, Dwarf_Addr at, Dwarf_Die *found)
{
	Dwarf_Die level[STEPS];
	int depth = 0;

	if (dwarf_child(unit, &level[0]) != 0)
		return 0;
	for (;;) {
		Dwarf_Die *die = &level[depth];
		int tag = dwarf_tag(die);

		if (tag == DW_TAG_subprogram && dwarf_haspc(die, at) > 0) {
			*found = *die;
			return 1;
		}
		if ((tag == DW_TAG_namespace || tag == DW_TAG_module) && depth + 1 < STEPS &&
		    dwarf_child(die, die + 1) == 0) {
			depth++;
			continue;
		}
		while (!next(t, &level[depth]))
			if (t->dies >= TRACE_DIES || depth-- == 0)
				return 0;
	}
}

/* Whether what an entry stands for has code of its function. */
static int
is_block(int tag)
{
	return tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block ||
	    tag == DW_TAG_try_block || tag == DW_TAG_catch_block || tag == DW_TAG_with_stmt;
}

/* The inlined functions at an address of a function, the outermost first; returns how many. */
static size_t
find_inlined(struct trace *t, Dwarf_Die function, Dwarf_Addr at, Dwarf_Die found[TRACE_INLINED])
{
	Dwarf_Die in = function, die;
	size_t count = 0;

	for (int depth = 0; depth < DEPTH && count < TRACE_INLINED; depth++) {
		int there = dwarf_child(&in, &die) == 0;

		while (there && !(is_block(dwarf_tag(&die)) && dwarf_haspc(&die, at) > 0))
			there = next(t, &die);
		if (!there)
			break;
		if (dwarf_tag(&die) == DW_TAG_inlined_subroutine)
			found[count++] = die;
		in = die;
	}
	return count;
}

static const char *
text_of(Dwarf_Die *die, unsigned attribute)
{
	Dwarf_Attribute a;

	return dwarf_formstring(dwarf_attr_integrate(die, attribute, &a));
}

static int
number_of(Dwarf_Die *die, unsigned attribute, Dwarf_Word *value)
{
	Dwarf_Attribute a;

	return dwarf_attr(die, attribute, &a) != NULL && dwarf_formudata(&a, value) == 0 &&
	    *value <= INT32_MAX;
}

/* Where the function of an entry is declared: the entry that has its name. */
static void
follow_origins(Dwarf_Die *die)
{
	static const unsigned to[] = { DW_AT_abstract_origin, DW_AT_specification };
	Dwarf_Attribute a;
	Dwarf_Die there;

	for (int step = 0, k = 0; step < STEPS && k < 2; k++)
		while (step++ < STEPS && dwarf_attr(die, to[k], &a) != NULL &&
		    dwarf_formref_die(&a, &there) != NULL)
			*die = there;
}

/*
 * Puts an entry's name before what is in text[NAME] from *start on, if it is one that names others.
 * Returns 0 where the name begins: at a type without a name, such as a lambda's, as gdb does.
 */
static int
put_before(Dwarf_Die *die, char *text, size_t *start)
{
	int tag = dwarf_tag(die);
	const char *name = dwarf_diename(die);
	size_t len;

	if (tag != DW_TAG_namespace && tag != DW_TAG_class_type && tag != DW_TAG_structure_type &&
	    tag != DW_TAG_union_type && tag != DW_TAG_module && tag != DW_TAG_enumeration_type)
		return 1;
	if (name == NULL && tag == DW_TAG_namespace)
		name = "(anonymous namespace)";
	if (name == NULL || (len = strnlen(name, NAME)) + 2 > *start)
		return 0;
	memcpy(text + *start - 2, "::", 2);
	memcpy(text + *start - 2 - len, name, len);
	*start -= len + 2;
	return 1;
}

/*
 * What the entry at an offset of a unit is in, the outermost first: children follow their parents,
 * so that of each level the last entry before the offset leads there.  Returns how many, without
 * the unit; -1 when it is not found.
 */
static int
find_parents(struct trace *t, Dwarf_Die *unit, Dwarf_Off offset, Dwarf_Die parent[STEPS])
{
	Dwarf_Die die, after;

	if (dwarf_child(unit, &die) != 0)
		return -1;
	for (int depth = 0; depth < STEPS; depth++) {
		while (may_go_on(t) && dwarf_siblingof(&die, &after) == 0 &&
		    dwarf_dieoffset(&after) <= offset)
			die = after;
		if (dwarf_dieoffset(&die) == offset)
			return depth;
		parent[depth] = die;
		if (t->dies >= TRACE_DIES || dwarf_child(&parent[depth], &die) != 0)
			return -1;
	}
	return -1;
}

const char *
trace_die_name(struct trace *t, Dwarf_Die *of)
{
	Dwarf_Die die = *of, unit, parent[STEPS];
	char text[NAME + 1];
	const char *name, *known;
	size_t start, len;
	int count;

	follow_origins(&die);
	if ((name = dwarf_diename(&die)) == NULL || (len = strlen(name)) >= NAME)
		return name;
	if ((known = demangle_known(t->names, die.addr)) != NULL)
		return known;
	start = NAME - len;
	memcpy(text + start, name, len + 1);
	count = dwarf_diecu(&die, &unit, NULL, NULL) == NULL ? -1 :
	    find_parents(t, &unit, dwarf_dieoffset(&die), parent);
	while (count-- > 0 && put_before(&parent[count], text, &start))
		;
	return text[start] != '\0' && NAME - start > len ?
	    demangle_keep(t->names, die.addr, text + start) : name;
}

/* What a function is called, by its entry. */
static void
take_names(struct trace *t, struct trace_frame *f, Dwarf_Die *die)
{
	const char *linkage = text_of(die, DW_AT_linkage_name);

	if (linkage == NULL)
		linkage = text_of(die, DW_AT_MIPS_linkage_name);
	f->function = linkage != NULL ? linkage : text_of(die, DW_AT_name);
	f->name = linkage != NULL ? demangle_name(t->names, linkage) : trace_die_name(t, die);
}

/* Makes the place of a call that was inlined that of the frame. */
static void
take_call(struct trace_frame *f, Dwarf_Die *die, Dwarf_Files *files, size_t count)
{
	Dwarf_Word file, line, column;

	f->file = NULL;
	f->line = f->column = 0;
	if (!number_of(die, DW_AT_call_line, &line) || !number_of(die, DW_AT_call_file, &file) ||
	    files == NULL || file >= count ||
	    (f->file = dwarf_filesrc(files, (size_t)file, NULL, NULL)) == NULL)
		return;
	f->line = (int)line;
	if (number_of(die, DW_AT_call_column, &column))
		f->column = (int)column;
}

void
trace_inlined(struct trace *t, struct trace_seen *s, Dwarf_Die *unit, Dwarf_Addr at)
{
	Dwarf_Die function, found[TRACE_INLINED];
	struct trace_frame *outer = &s->frame;
	Dwarf_Files *files = NULL;
	size_t count = 0, n;

	if (!find_function(t, unit, at, &function) ||
	    (n = find_inlined(t, function, at, found)) == 0 ||
	    (s->inlined = calloc(n, sizeof(*s->inlined))) == NULL)
		return;
	s->count = n;
	if (dwarf_getsrcfiles(unit, &files, &count) != 0)
		files = NULL;
	/* From the outermost inwards: each has the line, and its caller that of the call. */
	for (size_t k = 0; k < n; k++) {
		struct trace_frame *f = &s->inlined[n - 1 - k];

		*f = *outer;
		f->inlined = 1;
		f->symbol = NULL;
		f->function_offset = 0;
		take_names(t, f, &found[k]);
		take_call(outer, &found[k], files, count);
		outer = f;
	}
}
