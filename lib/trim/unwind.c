/*
 * What core-trace(1) takes of the modules' files to follow the stacks that are kept, and to name
 * their frames, as a note: core/unwind.h.  Which words of a stack are return addresses nobody
 * knows before it has been followed, so each word that is an address of a module's code counts.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/search.h"
#include "core/unwind.h"
#include "elf/unwind.h"
#include "system/child.h"
#include "system/deadline.h"
#include "trim/frames.h"
#include "trim/rules.h"
#include "trim/stacks.h"

/* The most addresses of code: those of the crashed thread's stack are the first. */
#define ADDRESSES 8192
/* The places of a table of them, a power of two: at most half are taken. */
#define PLACES (2 * ADDRESSES)
/* The most bytes of the note: 8,192 functions have less. */
#define MOST CORE_UNWIND_MAX
/* How long files may take together, ms: a file system may hang. */
#define FILES_MS 1000
#define HEAD (12 + (sizeof(CORE_SMALL_OWNER) + 3) / 4 * 4)

struct code {
	uint64_t start, end;
};

/* Addresses of code on the stacks. */
struct addresses {
	struct code *code;
	size_t codes, count;
	uint64_t *at;			/* ADDRESSES */
	uint64_t *place;		/* PLACES; 0: free */
};

/* What is shared with the process that reads the files. */
struct found {
	size_t functions, len;
	uint8_t note[HEAD + MOST];
};

struct work {
	const struct trim *t;
	struct addresses *all;
	struct found *found;
	uint64_t cie;			/* that was put last */
	struct elf_unwind unwind;
	struct elf_unwind_entry entry[2];
	struct elf_file file;
	uint64_t own[ADDRESSES];	/* the module's, as the file has them */
};

static int
by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
sort_code(struct addresses *a, size_t codes)
{
	a->codes = codes;
	if (codes > 0)
		qsort(a->code, codes, sizeof(*a->code), by_number);
}

/* Lists the mappings of files with code that can be read. */
static int
list_code(const struct trim *t, struct addresses *a)
{
	const struct trim_segments *g = &t->segments;
	const struct core_files *f = &t->core->files;
	size_t n = 0;

	if ((a->code = calloc(g->count + f->count + 1, sizeof(*a->code))) == NULL)
		return -1;
	for (size_t i = 0; i < g->count; i++) {
		const struct trim_segment *s = &g->segment[i];

		if (s->type == PT_LOAD && (s->flags & (PF_R | PF_X)) == (PF_R | PF_X) &&
		    s->memsz < UINT64_MAX - s->vaddr &&
		    core_files_at(f, s->vaddr) != NULL)
			a->code[n++] = (struct code){ .start = s->vaddr,
				.end = s->vaddr + s->memsz };
	}
	sort_code(a, n);
	/* gdb leaves such mappings out of the headers of a core: then any part of a module may be code. */
	for (size_t i = 0; i < f->count; i++) {
		const struct core_file *one = &f->file[i];
		size_t k = SEARCH_FROM(struct code, start, a->code, a->codes, one->start);

		if (one->module != NULL && (k == a->codes || a->code[k].start >= one->end))
			a->code[n++] = (struct code){ .start = one->start, .end = one->end };
	}
	sort_code(a, n);
	return 0;
}

static void
add_address(struct addresses *a, uint64_t address)
{
	size_t at = (size_t)(address * UINT64_C(0x9e3779b97f4a7c15) >> 40) & (PLACES - 1);

	while (a->place[at] != 0 && a->place[at] != address)
		at = (at + 1) & (PLACES - 1);
	if (a->place[at] == address || a->count == ADDRESSES)
		return;
	a->place[at] = a->at[a->count++] = address;
}

/* Adds what may be a return address: the call before it may be the last of its function. */
static void
add_word(struct addresses *a, uint64_t word)
{
	size_t n;

	if (a->codes == 0 || word <= a->code[0].start || word > a->code[a->codes - 1].end)
		return;
	n = SEARCH_AFTER(struct code, start, a->code, a->codes, word - 1);
	if (n == 0 || word - 1 >= a->code[n - 1].end)
		return;
	add_address(a, word - 1);
	if (word < a->code[n - 1].end)
		add_address(a, word);
}

static void
add_words(const struct trim *t, struct addresses *a)
{
	struct core_threads walk = { 0 };
	uint64_t r[TRIM_REGISTERS_MOST], word;
	struct trim_words words;

	while (trim_thread_next(t, &walk, r))
		for (size_t k = 0; k < t->registers->count; k++)
			add_word(a, r[k]);
	for (size_t k = 0; k < t->stacks.count; k++) {
		trim_words_begin(&words, t, t->stacks.stack[k].start, t->stacks.stack[k].end);
		while (a->count < ADDRESSES && trim_words_next(&words, &word))
			add_word(a, word);
	}
	if (a->count > 0)
		qsort(a->at, a->count, sizeof(*a->at), by_number);
}

/* A record of the note: numbers of 8 and of 4 bytes, then bytes.  Returns 0, or -1: no room. */
static int
put(struct work *w, uint32_t kind, const uint64_t *eights, size_t n, const uint32_t *fours,
    size_t m, const void *bytes, size_t len)
{
	const struct core *c = w->t->core;
	size_t size = 8 * n + 4 * m + len, whole = 8 + (size + 3) / 4 * 4;
	uint8_t *p = w->found->note + HEAD + w->found->len;

	if (whole > MOST - w->found->len)
		return -1;
	memset(p, 0, whole);
	core_number_put(c, p, 4, kind);
	core_number_put(c, p + 4, 4, size);
	p += 8;
	for (size_t k = 0; k < n; k++, p += 8)
		core_number_put(c, p, 8, eights[k]);
	for (size_t k = 0; k < m; k++, p += 4)
		core_number_put(c, p, 4, fours[k]);
	if (len > 0)
		memcpy(p, bytes, len);
	/* From here on it counts, whatever becomes of us. */
	w->found->len += whole;
	return 0;
}

static int
put_module(struct work *w, uint64_t start)
{
	const uint32_t type[] = { w->file.head.e_type, 0 };
	Elf64_Phdr p;

	if (put(w, CORE_UNWIND_MODULE, &start, 1, type, 2, NULL, 0) < 0)
		return -1;
	for (uint64_t i = 0; elf_file_segment(&w->file, i, &p); i++) {
		const uint64_t place[] = { p.p_vaddr, p.p_memsz, p.p_align };
		const uint32_t flags[] = { p.p_flags, 0 };

		if (p.p_type == PT_LOAD &&
		    put(w, CORE_UNWIND_LOAD, place, 3, flags, 2, NULL, 0) < 0)
			return -1;
	}
	return 0;
}

static int
put_frame(struct work *w, uint64_t from)
{
	struct elf_unwind_entry *fde = &w->entry[0], *cie = &w->entry[1];
	uint64_t numbers[2];

	if (elf_unwind_entry(&w->unwind, from, fde, cie) < 0)
		return 0;
	if (cie->at != w->cie) {
		if (put(w, CORE_UNWIND_CIE, &cie->at, 1, NULL, 0, cie->bytes, cie->len) < 0)
			return -1;
		w->cie = cie->at;
	}
	numbers[0] = from;
	numbers[1] = fde->at;
	if (put(w, CORE_UNWIND_FDE, numbers, 2, NULL, 0, fde->bytes, fde->len) < 0)
		return -1;
	w->found->functions++;
	return 0;
}

static int
put_symbol(void *arg, const Elf64_Sym *s, const char *name)
{
	const uint64_t place[] = { s->st_value, s->st_size };
	const uint32_t info = s->st_info;

	return put(arg, CORE_UNWIND_SYMBOL, place, 2, &info, 1, name, strlen(name));
}

/* The file of a module: the very one of a process, or the one at its path if that has its build-id. */
static int
open_module(const struct trim *t, const struct core_file *file)
{
	size_t i = SEARCH_FROM(struct trim_segment, vaddr, t->segments.segment, t->segments.count,
	    file->start);
	struct elf_id in_core, in_file;
	char path[64];
	int fd = -1, same;

	if (t->pid != 0 && i < t->segments.count && t->segments.segment[i].vaddr == file->start) {
		snprintf(path, sizeof(path), "/proc/%ld/map_files/%llx-%llx", (long)t->pid,
		    (unsigned long long)file->start,
		    (unsigned long long)(file->start + t->segments.segment[i].memsz));
		if ((fd = io_open_regular(path, 1)) >= 0)
			return fd;
	}
	core_files_identity(file, &in_core);
	if (in_core.build_id_len == 0 || (fd = io_open_regular(file->path, 1)) < 0)
		return -1;
	same = elf_id_read(fd, ELF_ID_SECTION, &in_file) == ELF_ID_OK &&
	    in_core.build_id_len == in_file.build_id_len &&
	    memcmp(in_core.build_id, in_file.build_id, in_file.build_id_len) == 0;
	if (!same) {
		io_close(fd);
		return -1;
	}
	return fd;
}

/* Whether the file is of the core's machine; where it is in memory minus where it says. */
static int
is_placed(struct work *w, uint64_t start, uint64_t *bias)
{
	const struct core *c = w->t->core;
	Elf64_Phdr p;

	if (w->file.is64 != c->is64 || w->file.big != c->big ||
	    w->file.head.e_machine != c->machine)
		return 0;
	for (uint64_t i = 0; elf_file_segment(&w->file, i, &p); i++)
		if (p.p_type == PT_LOAD && p.p_offset < TRIM_PAGE) {
			*bias = start - (p.p_vaddr - p.p_offset);
			return 1;
		}
	return 0;
}

/*
 * Whether a debugger takes frames of .debug_frame, which is not in memory: then those that are
 * noted are not all.
 */
static int
has_debug_frame(struct work *w)
{
	Elf64_Shdr s;

	return elf_unwind_section(&w->file, ".debug_frame", &s) ||
	    elf_unwind_section(&w->file, ".zdebug_frame", &s);
}

/* Puts the frames of the module's addresses; whether all were put. */
static int
put_frames(struct work *w, size_t count)
{
	uint64_t from, last = 0;
	int any = 0;

	w->cie = UINT64_MAX;
	for (size_t k = 0; k < count; k++) {
		if (elf_unwind_row(&w->unwind, w->own[k], &from) < 0 || (any && from == last))
			continue;
		any = 1;
		last = from;
		if (put_frame(w, from) < 0)
			return 0;
	}
	return 1;
}

/* Puts what a module has for its addresses, at[0] to at[count - 1]. */
static void
take_module(struct work *w, const struct core_file *f, const uint64_t *at, size_t count)
{
	const size_t head = w->found->len;
	int fd = open_module(w->t, f), whole;
	uint64_t bias;

	if (fd < 0)
		return;
	if (elf_file_open(&w->file, fd) != ELF_ID_OK || !is_placed(w, f->start, &bias) ||
	    put_module(w, f->start) < 0)
		goto out;
	for (size_t k = 0; k < count; k++)
		w->own[k] = at[k] - bias;
	whole = elf_unwind_open(&w->unwind, &w->file) == 0 ? put_frames(w, count) :
	    !has_debug_frame(w);
	elf_unwind_close(&w->unwind);
	elf_unwind_symbols(&w->file, w->own, count, put_symbol, w);
	/* The flag is in the record that was put first. */
	if (whole && w->all->count < ADDRESSES)
		core_number_put(w->t->core, w->found->note + HEAD + head + 8 + 12, 4, 1);
out:
	io_close(fd);
}

static void
take_modules(void *arg)
{
	struct work *w = arg;
	const struct addresses *a = w->all;

	command_let_go(-1);

	for (size_t k = 0, n; k < a->count; k += n) {
		const struct core_file *f = core_files_at(&w->t->core->files, a->at[k]);

		for (n = 1; f != NULL && k + n < a->count && a->at[k + n] < f->end; n++)
			continue;
		if (f != NULL && f->from == 0)
			take_module(w, f, a->at + k, n);
	}
}

/* Makes the note of what was found, unless it does not fit into the budget. */
static void
make_note(struct trim *t, struct found *found)
{
	struct trim_unwind *u = &t->unwind;

	if (found->len == 0 || found->len > t->kept.left / 2 ||
	    (u->note = malloc(HEAD + found->len)) == NULL)
		return;
	u->functions = found->functions;
	u->len = HEAD + found->len;
	if (t->options->budget > 0)
		t->kept.left -= u->len;
	memset(found->note, 0, HEAD);
	core_number_put(t->core, found->note, 4, sizeof(CORE_SMALL_OWNER));
	core_number_put(t->core, found->note + 4, 4, found->len);
	core_number_put(t->core, found->note + 8, 4, CORE_UNWIND_NOTE);
	memcpy(found->note + 12, CORE_SMALL_OWNER, sizeof(CORE_SMALL_OWNER));
	memcpy(u->note, found->note, u->len);
}

void
trim_keep_unwind(struct trim *t)
{
	struct addresses a = { .at = calloc(ADDRESSES, sizeof(*a.at)),
		.place = calloc(PLACES, sizeof(*a.place)) };
	struct found *found = deadline_memory(sizeof(*found));
	struct work *w = calloc(1, sizeof(*w));

	if (a.at != NULL && a.place != NULL && found != NULL && w != NULL &&
	    list_code(t, &a) == 0) {
		*w = (struct work){ .t = t, .all = &a, .found = found };
		add_words(t, &a);
		/* What was found before the time was up, or the process died, is good. */
		if (a.count > 0)
			deadline_run(take_modules, w, FILES_MS);
		make_note(t, found);
	}
	free(w);
	deadline_free(found, sizeof(*found));
	free(a.code);
	free(a.at);
	free(a.place);
}
