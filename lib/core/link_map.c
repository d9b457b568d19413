#include "core/link_map.h"

#include <elf.h>
#include <string.h>

#include "core/read.h"
#include "elf/layout.h"

/* The most program headers and dynamic entries that are read of a module, and of all together. */
#define ENTRIES 4096u
#define READS (1024u * 1024)
/* The most namespaces of dlmopen(3). */
#define NAMESPACES 16

struct memory {
	const struct core *core;
	struct image *image;
	size_t word;			/* bytes of an address */
	uint32_t reads;
};

/* The address that is kept at an address; 0 when it is not in the core. */
static uint64_t
read_word(const struct memory *m, uint64_t address)
{
	uint8_t b[8];

	if (core_read_at(m->core, m->image, address, b, m->word) != m->word)
		return 0;
	return core_number(m->core, b, m->word);
}

/* The value of DT_DEBUG in a dynamic section of len bytes, or 0. */
static uint64_t
debug_value(struct memory *m, uint64_t dynamic, uint64_t len)
{
	for (uint64_t at = 0; at / (2 * m->word) < ENTRIES && len - at >= 2 * m->word;
	    at += 2 * m->word) {
		uint64_t tag = read_word(m, dynamic + at);

		if (tag == DT_NULL || m->reads++ >= READS)
			break;
		if (tag == DT_DEBUG)
			return read_word(m, dynamic + at + m->word);
	}
	return 0;
}

/* Reads program header k of the module that starts at an address; 0 when it is not there. */
static int
read_phdr(struct memory *m, uint64_t start, const Elf64_Ehdr *h, unsigned k, Elf64_Phdr *p)
{
	const struct core *c = m->core;
	size_t size = elf_header_size(ELF_PHDR, c->is64);
	uint64_t at = start + h->e_phoff + (uint64_t)k * h->e_phentsize;
	uint8_t b[ELF_HEADER_MAX];

	if (k >= h->e_phnum || k >= ENTRIES || h->e_phentsize < size || m->reads++ >= READS ||
	    core_read_at(m->core, m->image, at, b, size) != size)
		return 0;
	elf_phdr_get(p, b, c->is64, c->big);
	return 1;
}

/* Where the module that starts at an address has the dynamic linker's struct r_debug; 0: it does not say. */
static uint64_t
debug_of(struct memory *m, uint64_t start)
{
	const struct core *c = m->core;
	size_t size = elf_header_size(ELF_EHDR, c->is64);
	uint64_t bias = 0;
	uint8_t b[ELF_HEADER_MAX];
	int placed = 0;
	Elf64_Ehdr h;
	Elf64_Phdr p;

	if (core_read_at(m->core, m->image, start, b, size) != size ||
	    memcmp(b, ELFMAG, SELFMAG) != 0 ||
	    b[EI_CLASS] != (c->is64 ? ELFCLASS64 : ELFCLASS32))
		return 0;
	elf_ehdr_get(&h, b, c->is64, c->big);
	/* Where the file's first byte is mapped, the module begins. */
	for (unsigned k = 0; !placed && read_phdr(m, start, &h, k, &p); k++)
		if (p.p_type == PT_LOAD) {
			bias = start - (p.p_vaddr - p.p_offset);
			placed = 1;
		}
	for (unsigned k = 0; placed && read_phdr(m, start, &h, k, &p); k++)
		if (p.p_type == PT_DYNAMIC)
			return debug_value(m, bias + p.p_vaddr, p.p_memsz);
	return 0;
}

static uint64_t
find_debug(struct memory *m)
{
	const struct core_files *f = &m->core->files;
	uint64_t at = m->core->exe != NULL ? debug_of(m, m->core->exe->start) : 0;

	/* The dynamic linker, run as a program, is what the kernel calls the executable. */
	for (size_t k = 0; at == 0 && k < f->count; k++)
		if (f->file[k].from == 0 && f->file[k].module != NULL)
			at = debug_of(m, f->file[k].start);
	return at;
}

void
core_link_map(const struct core *c, struct image *i,
    void (*each)(void *arg, const char *name, uint64_t dynamic), void *arg)
{
	struct memory m = { .core = c, .image = i, .word = elf_word_size(c->is64) };
	uint64_t debug = find_debug(&m), node;
	char name[CORE_LINK_NAME];
	uint32_t links = 0;
	uint8_t version[4];

	for (int k = 0; debug != 0 && k < NAMESPACES; k++) {
		if (core_read_at(m.core, m.image, debug, version, sizeof(version)) !=
		    sizeof(version))
			break;
		for (node = read_word(&m, debug + m.word); node != 0 && links++ < CORE_LINKS;
		    node = read_word(&m, node + 3 * m.word)) {
			uint64_t at = read_word(&m, node + m.word);
			size_t n = at != 0 ?
			    core_read_at(m.core, m.image, at, name, sizeof(name)) : 0;

			if (n > 0 && *name != '\0' && memchr(name, '\0', n) != NULL)
				each(arg, name, read_word(&m, node + 2 * m.word));
		}
		/* From version 2 on each namespace has its own (glibc 2.35, struct r_debug_extended). */
		if (core_number(c, version, sizeof(version)) < 2)
			break;
		debug = read_word(&m, debug + 5 * m.word);
	}
}
