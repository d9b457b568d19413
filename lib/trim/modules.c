#include "trim/rules.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "elf/symbol.h"
#include "trim/keep.h"
#include "trim/memory.h"

/* The most of a module's headers, or its dynamic section, that is kept, bytes. */
#define HEADERS 65536
/*
 * The most entries of a dynamic section and of a link map that are read: a list that loops ends
 * too.
 */
#define DYNAMIC 4096
#define LINKS 65536
/* The longest name, bytes. */
#define NAME 4096
/*
 * The most program headers and dynamic entries that are read, of all modules together: 16,384
 * modules have fewer.
 */
#define READS (2u * 1024 * 1024)
/* The most namespaces of dlmopen(3). */
#define NAMESPACES 16

/* A module, as its headers in memory describe it. */
struct module {
	uint64_t bias;			/* where it is, minus where its headers say */
	uint64_t dynamic, dynamic_len;	/* its dynamic section; 0: none */
	uint64_t table;			/* its program headers: count, of entry bytes each */
	size_t count, entry;
};

/*
 * Reads the file header at an address; 0 when there is none, or one of another class than the
 * core's.
 */
static int
read_header(const struct trim *t, uint64_t start, struct module *m)
{
	const struct core *c = t->core;
	size_t size = elf_header_size(ELF_EHDR, c->is64);
	uint8_t b[ELF_HEADER_MAX];
	Elf64_Ehdr h;

	if (trim_read(t, start, b, size) != size || memcmp(b, ELFMAG, SELFMAG) != 0 ||
	    b[EI_CLASS] != (c->is64 ? ELFCLASS64 : ELFCLASS32))
		return 0;
	elf_ehdr_get(&h, b, c->is64, c->big);
	*m = (struct module){ .table = h.e_phoff, .entry = h.e_phentsize, .count = h.e_phnum };
	if (m->entry < elf_header_size(ELF_PHDR, c->is64) || m->table > HEADERS ||
	    m->count * m->entry > HEADERS)
		m->count = 0;
	m->table += start;
	return 1;
}

/* Reads program header i; 0 when it is not there. */
static int
read_phdr(struct trim *t, const struct module *m, size_t i, Elf64_Phdr *h)
{
	const struct core *c = t->core;
	size_t size = elf_header_size(ELF_PHDR, c->is64);
	uint8_t b[ELF_HEADER_MAX];

	if (t->module_reads++ >= READS || trim_read(t, m->table + i * m->entry, b, size) != size)
		return 0;
	elf_phdr_get(h, b, c->is64, c->big);
	return 1;
}

static void
keep_range(struct trim *t, enum trim_rule rule, uint64_t start, uint64_t len, uint64_t most)
{
	if (len > most)
		len = most;
	if (len > 0 && start < UINT64_MAX - len)
		trim_keep(t, rule, start, start + len);
}

/*
 * Keeps what identifies a module, and what leads to the link map.  start is where the first byte of
 * its file is.
 */
static void
keep_module(struct trim *t, uint64_t start, struct module *m)
{
	Elf64_Phdr h;
	int placed = 0;

	keep_range(t, TRIM_MODULES, start, TRIM_PAGE, TRIM_PAGE);
	keep_range(t, TRIM_MODULES, m->table, m->count * m->entry, HEADERS);
	/* The segment that begins with the file header tells the bias. */
	for (size_t i = 0; i < m->count && !placed && read_phdr(t, m, i, &h); i++)
		if (h.p_type == PT_LOAD && h.p_offset < TRIM_PAGE) {
			m->bias = start - (h.p_vaddr - h.p_offset);
			placed = 1;
		}
	if (!placed)
		return;
	for (size_t i = 0; i < m->count && read_phdr(t, m, i, &h); i++) {
		if (h.p_type == PT_NOTE || h.p_type == PT_DYNAMIC)
			keep_range(t, TRIM_MODULES, m->bias + h.p_vaddr, h.p_memsz, HEADERS);
		if (h.p_type == PT_DYNAMIC) {
			m->dynamic = m->bias + h.p_vaddr;
			m->dynamic_len = h.p_memsz;
		}
	}
}

void
trim_keep_modules(struct trim *t)
{
	const struct core *c = t->core;
	struct module m;

	for (size_t i = 0; i < c->files.count; i++) {
		const struct core_file *f = &c->files.file[i];

		if (f->from != 0 || !read_header(t, f->start, &m))
			continue;
		keep_module(t, f->start, &m);
		if (c->vdso_at >= f->start && c->vdso_at < f->end)
			keep_range(t, TRIM_MODULES, f->start, f->end - f->start, HEADERS);
	}
	/* Where the core has no list of files, each segment may begin one. */
	for (size_t i = 0; !c->files.seen && i < t->segments.usable; i++)
		if (read_header(t, t->segments.by_address[i].at, &m))
			keep_module(t, t->segments.by_address[i].at, &m);
}

/* The value of a dynamic section's entry; 0 when there is none. */
static uint64_t
dynamic_value(struct trim *t, const struct module *m, uint64_t wanted)
{
	size_t w = trim_word(t);
	uint64_t tag, value;

	for (size_t i = 0; i < DYNAMIC && 2 * w * (i + 1) <= m->dynamic_len; i++) {
		if (t->module_reads++ >= READS ||
		    trim_read_word(t, m->dynamic + 2 * w * i, &tag) < 0 || tag == DT_NULL)
			break;
		if (tag == wanted && trim_read_word(t, m->dynamic + 2 * w * i + w, &value) == 0)
			return value;
	}
	return 0;
}

/*
 * The address of the dynamic linker's struct r_debug, which the program's dynamic section has; 0:
 * not known.
 */
static uint64_t
find_debug(struct trim *t)
{
	const struct core *c = t->core;
	uint64_t at = 0;
	struct module m;

	if (c->exe != NULL && read_header(t, c->exe->start, &m)) {
		keep_module(t, c->exe->start, &m);
		at = dynamic_value(t, &m, DT_DEBUG);
	}
	for (size_t i = 0; at == 0 && i < c->files.count; i++)
		if (c->files.file[i].from == 0 && read_header(t, c->files.file[i].start, &m)) {
			keep_module(t, c->files.file[i].start, &m);
			at = dynamic_value(t, &m, DT_DEBUG);
		}
	return at;
}

static void
keep_name(struct trim *t, uint64_t at)
{
	char text[NAME];
	size_t n = at != 0 ? trim_read(t, at, text, sizeof(text)) : 0;
	const char *end = n > 0 ? memchr(text, '\0', n) : NULL;

	/* A name without an end is none, and not worth a page. */
	if (end != NULL)
		keep_range(t, TRIM_LINKS, at, (uint64_t)(end - text) + 1, NAME);
}

/* Keeps the dynamic linker's own data, which has its lists of threads too. */
static void
keep_linker(struct trim *t, uint64_t base)
{
	const struct core_file *f = core_files_at(&t->core->files, base);

	if (f == NULL)
		return;
	for (size_t i = trim_segments_from(&t->segments, f->start); i < t->segments.usable; i++) {
		const struct trim_segment *s = trim_segments_nth(&t->segments, i);

		/* The mapping right behind the file is its .bss. */
		if (s->vaddr > f->end)
			break;
		if (s->flags & PF_W)
			keep_range(t, TRIM_LINKS, s->vaddr, s->filesz, HEADERS);
		if (s->vaddr == f->end)
			break;
	}
}

int
trim_keep_links(struct trim *t)
{
	size_t w = trim_word(t), n = 0;
	uint64_t debug = find_debug(t), node, name, base;
	const int found = debug != 0;
	uint8_t version[4];

	for (int k = 0; debug != 0 && k < NAMESPACES; k++) {
		if (trim_read(t, debug, version, 4) != 4 || trim_read_word(t, debug + w, &node) < 0)
			break;
		keep_range(t, TRIM_LINKS, debug, 6 * w, 6 * w);
		if (k == 0 && trim_read_word(t, debug + 4 * w, &base) == 0)
			keep_linker(t, base);
		for (; node != 0 && n < LINKS; n++) {
			keep_range(t, TRIM_LINKS, node, TRIM_LINK, TRIM_LINK);
			if (trim_read_word(t, node + w, &name) == 0)
				keep_name(t, name);
			if (trim_read_word(t, node + 3 * w, &node) < 0)
				break;
		}
		/*
		 * From version 2 on each namespace has its own (glibc 2.35, struct
		 * r_debug_extended).
		 */
		if (core_number(t->core, version, 4) < 2 ||
		    trim_read_word(t, debug + 5 * w, &debug) < 0)
			break;
	}
	return found;
}

/* Finds a symbol's data in a file, unless build IDs show that the core has another one. */
static int
find_symbol(const struct core_file *f, const char *name, uint64_t *at, uint64_t *len)
{
	struct elf_id in_core, in_file;
	int fd = io_open_regular(f->path, 1), found = 0;

	if (fd < 0)
		return 0;
	core_files_identity(f, &in_core);
	if (elf_id_read(fd, ELF_ID_SECTION, &in_file) == ELF_ID_OK && (in_core.build_id_len == 0 ||
	    (in_core.build_id_len == in_file.build_id_len &&
	    memcmp(in_core.build_id, in_file.build_id, in_file.build_id_len) == 0)))
		found = elf_symbol_find(fd, f->path, name, at, len);
	io_close(fd);
	return found;
}

void
trim_keep_symbols(struct trim *t)
{
	const struct core_files *f = &t->core->files;

	t->unknown_symbols = 0;
	for (size_t k = 0; k < t->options->symbols; k++) {
		const char *name = strrchr(t->options->symbol[k], '!');
		char module[NAME];
		uint64_t at, len;
		int found = 0;

		if (name == NULL || (size_t)(name - t->options->symbol[k]) >= sizeof(module))
			continue;
		memcpy(module, t->options->symbol[k], (size_t)(name - t->options->symbol[k]));
		module[name - t->options->symbol[k]] = '\0';
		for (size_t i = 0; i < f->count; i++)
			if (f->file[i].from == 0 && trim_matches(module, f->file[i].path) &&
			    find_symbol(&f->file[i], name + 1, &at, &len)) {
				keep_range(t, TRIM_ASKED, f->file[i].start + at, len, UINT64_MAX);
				found = 1;
			}
		if (!found && t->unknown_symbols++ == 0)
			t->unknown_symbol = k;
	}
}
