#include "elf/layout.h"

#include <string.h>

/* A field: where it is in the struct for 64 bits, and in the one for 32 bits. */
struct field {
	struct {
		uint8_t at, size;
	} in64, in32;
};

#define SIZE(type, name) sizeof(((type *)0)->name)
#define FIELD(header, name) { \
	.in64 = { offsetof(Elf64_##header, name), SIZE(Elf64_##header, name) }, \
	.in32 = { offsetof(Elf32_##header, name), SIZE(Elf32_##header, name) } }

/* e_ident is bytes: it has no byte order, and is read apart. */
static const struct field ehdr[] = {
	FIELD(Ehdr, e_type), FIELD(Ehdr, e_machine), FIELD(Ehdr, e_version),
	FIELD(Ehdr, e_entry), FIELD(Ehdr, e_phoff), FIELD(Ehdr, e_shoff), FIELD(Ehdr, e_flags),
	FIELD(Ehdr, e_ehsize), FIELD(Ehdr, e_phentsize), FIELD(Ehdr, e_phnum),
	FIELD(Ehdr, e_shentsize), FIELD(Ehdr, e_shnum), FIELD(Ehdr, e_shstrndx),
};
static const struct field phdr[] = {
	FIELD(Phdr, p_type), FIELD(Phdr, p_flags), FIELD(Phdr, p_offset), FIELD(Phdr, p_vaddr),
	FIELD(Phdr, p_paddr), FIELD(Phdr, p_filesz), FIELD(Phdr, p_memsz), FIELD(Phdr, p_align),
};
static const struct field shdr[] = {
	FIELD(Shdr, sh_name), FIELD(Shdr, sh_type), FIELD(Shdr, sh_flags), FIELD(Shdr, sh_addr),
	FIELD(Shdr, sh_offset), FIELD(Shdr, sh_size), FIELD(Shdr, sh_link),
	FIELD(Shdr, sh_info), FIELD(Shdr, sh_addralign), FIELD(Shdr, sh_entsize),
};
static const struct field sym[] = {
	FIELD(Sym, st_name), FIELD(Sym, st_info), FIELD(Sym, st_other), FIELD(Sym, st_shndx),
	FIELD(Sym, st_value), FIELD(Sym, st_size),
};
static const struct field nhdr[] = {
	FIELD(Nhdr, n_namesz), FIELD(Nhdr, n_descsz), FIELD(Nhdr, n_type),
};

static const struct header {
	const struct field *field;
	size_t fields;
	size_t size64, size32;
} headers[] = {
#define HEADER(fields, type) { \
	fields, sizeof(fields) / sizeof(*fields), sizeof(Elf64_##type), sizeof(Elf32_##type) }
	[ELF_EHDR] = HEADER(ehdr, Ehdr),
	[ELF_PHDR] = HEADER(phdr, Phdr),
	[ELF_SHDR] = HEADER(shdr, Shdr),
	[ELF_SYM] = HEADER(sym, Sym),
	[ELF_NHDR] = HEADER(nhdr, Nhdr),
};

size_t
elf_header_size(enum elf_header kind, int is64)
{
	return is64 ? headers[kind].size64 : headers[kind].size32;
}

size_t
elf_word_size(int is64)
{
	return is64 ? sizeof(Elf64_Addr) : sizeof(Elf32_Addr);
}

uint64_t
elf_number(const uint8_t *p, size_t n, int big)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[big ? i : n - 1 - i];
	return v;
}

void
elf_number_put(uint8_t *p, size_t n, int big, uint64_t value)
{
	for (size_t i = 0; i < n; i++, value >>= 8)
		p[big ? n - 1 - i : i] = (uint8_t)value;
}

/* A field of a struct of this machine's byte order: 1, 2, 4 or 8 bytes. */
static uint64_t
load(const void *from, size_t size)
{
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;

	switch (size) {
	case sizeof(v64):
		memcpy(&v64, from, sizeof(v64));
		return v64;
	case sizeof(v32):
		memcpy(&v32, from, sizeof(v32));
		return v32;
	case sizeof(v16):
		memcpy(&v16, from, sizeof(v16));
		return v16;
	}
	return *(const uint8_t *)from;
}

static void
save(void *to, size_t size, uint64_t value)
{
	uint32_t v32 = (uint32_t)value;
	uint16_t v16 = (uint16_t)value;
	uint8_t v8 = (uint8_t)value;

	memcpy(to, size == sizeof(value) ? (void *)&value : size == sizeof(v32) ? (void *)&v32 :
	    size == sizeof(v16) ? (void *)&v16 : (void *)&v8, size);
}

static void
get(enum elf_header kind, void *to, const uint8_t *p, int is64, int big)
{
	const struct header *h = &headers[kind];

	for (size_t i = 0; i < h->fields; i++) {
		const struct field *f = &h->field[i];
		uint64_t value = is64 ? elf_number(p + f->in64.at, f->in64.size, big) :
		    elf_number(p + f->in32.at, f->in32.size, big);

		save((uint8_t *)to + f->in64.at, f->in64.size, value);
	}
}

static void
put(enum elf_header kind, const void *from, uint8_t *p, int is64, int big)
{
	const struct header *h = &headers[kind];

	for (size_t i = 0; i < h->fields; i++) {
		const struct field *f = &h->field[i];
		uint64_t value = load((const uint8_t *)from + f->in64.at, f->in64.size);

		elf_number_put(p + (is64 ? f->in64.at : f->in32.at),
		    is64 ? f->in64.size : f->in32.size, big, value);
	}
}

void
elf_ehdr_get(Elf64_Ehdr *h, const uint8_t *p, int is64, int big)
{
	memcpy(h->e_ident, p, EI_NIDENT);
	get(ELF_EHDR, h, p, is64, big);
}

void
elf_phdr_get(Elf64_Phdr *h, const uint8_t *p, int is64, int big)
{
	get(ELF_PHDR, h, p, is64, big);
}

void
elf_shdr_get(Elf64_Shdr *h, const uint8_t *p, int is64, int big)
{
	get(ELF_SHDR, h, p, is64, big);
}

void
elf_sym_get(Elf64_Sym *h, const uint8_t *p, int is64, int big)
{
	get(ELF_SYM, h, p, is64, big);
}

void
elf_nhdr_get(Elf64_Nhdr *h, const uint8_t *p, int big)
{
	get(ELF_NHDR, h, p, 1, big);
}

void
elf_ehdr_put(const Elf64_Ehdr *h, uint8_t *p, int is64, int big)
{
	memcpy(p, h->e_ident, EI_NIDENT);
	put(ELF_EHDR, h, p, is64, big);
}

void
elf_phdr_put(const Elf64_Phdr *h, uint8_t *p, int is64, int big)
{
	put(ELF_PHDR, h, p, is64, big);
}

void
elf_shdr_put(const Elf64_Shdr *h, uint8_t *p, int is64, int big)
{
	put(ELF_SHDR, h, p, is64, big);
}

void
elf_ehdr_count(Elf64_Ehdr *h, uint64_t count, uint64_t end, int is64)
{
	int many = count >= PN_XNUM;

	h->e_phoff = elf_header_size(ELF_EHDR, is64);
	h->e_shoff = many ? end : 0;
	h->e_phnum = many ? PN_XNUM : (Elf64_Half)count;
	h->e_shentsize = many ? (Elf64_Half)elf_header_size(ELF_SHDR, is64) : 0;
	h->e_shnum = many ? 1 : 0;
	h->e_shstrndx = SHN_UNDEF;
}

void
elf_extended_put(uint8_t *p, uint32_t count, int is64, int big)
{
	const Elf64_Shdr h = { .sh_size = 1, .sh_info = count };

	elf_shdr_put(&h, p, is64, big);
}

void
elf_nhdr_put(const Elf64_Nhdr *h, uint8_t *p, int big)
{
	put(ELF_NHDR, h, p, 1, big);
}

size_t
elf_field_at(enum elf_header kind, size_t field, int is64, size_t *size)
{
	const struct header *h = &headers[kind];
	size_t i = 0;

	while (i + 1 < h->fields && h->field[i].in64.at != field)
		i++;
	*size = is64 ? h->field[i].in64.size : h->field[i].in32.size;
	return is64 ? h->field[i].in64.at : h->field[i].in32.at;
}
