/*
 * The file of a module: the header; the program headers of its segments, without bytes; the table
 * of .eh_frame_hdr, made anew; .eh_frame, with each entry where it was, so that what is relative to
 * its place stays right, and holes between; symbols and their names; the build-id; section headers.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/io.h"
#include "core/files.h"
#include "core/unwind.h"
#include "elf/layout.h"
#include "stack/noted_file.h"

/* The encodings of the table: 4 bytes, signed, from where it is; from the field itself; unsigned. */
#define FROM_TABLE 0x3b
#define FROM_FIELD 0x1b
#define UNSIGNED4 0x03
/* The bytes of the table before its rows. */
#define TABLE_HEAD 12

enum { TEXT = 1, TABLE, FRAME, SYMBOLS, NAMES, NOTE, SECTION_NAMES, SECTIONS };
static const char section_names[] = "\0.text\0.eh_frame_hdr\0.eh_frame\0.symtab\0.strtab\0"
    ".note.gnu.build-id\0.shstrtab";

/* A file while it is made. */
struct making {
	const struct noted_module *of;
	const struct core *core;
	int fd;
	uint64_t end;			/* of the file so far */
	Elf64_Shdr section[SECTIONS];
};

/* Appends bytes to the file at an alignment; where they are, 0 when they cannot be. */
static uint64_t
append(struct making *m, const void *bytes, size_t len, unsigned align)
{
	uint64_t at = (m->end + align - 1) / align * align;

	if (len > 0 && io_pwrite(m->fd, bytes, len, at) < 0)
		return 0;
	m->end = at + len;
	return at;
}

static void
set_section(struct making *m, unsigned k, uint32_t type, uint64_t flags, uint64_t address,
    uint64_t at, uint64_t len)
{
	static const uint8_t names[SECTIONS] = { [TEXT] = 1, [TABLE] = 7, [FRAME] = 21,
		[SYMBOLS] = 31, [NAMES] = 39, [NOTE] = 47, [SECTION_NAMES] = 66 };

	m->section[k] = (Elf64_Shdr){ .sh_name = names[k], .sh_type = type, .sh_flags = flags,
		.sh_addr = address, .sh_offset = at, .sh_size = len, .sh_addralign = 1 };
}

static int
by_address(const void *a, const void *b)
{
	const struct noted_record *const *x = a, *const *y = b;

	return ((*x)->first > (*y)->first) - ((*x)->first < (*y)->first);
}

/* The table: one row for each description, by the address that it is for. */
static int
put_table(struct making *m)
{
	const struct noted_record **row = calloc(m->of->records + 1, sizeof(*row));
	uint8_t *b = calloc(1, TABLE_HEAD + 8 * m->of->records);
	size_t n = 0, len;
	uint64_t place, at;

	for (size_t k = 0; row != NULL && k < m->of->records; k++)
		if (m->of->record[k].kind == CORE_UNWIND_FDE)
			row[n++] = &m->of->record[k];
	if (row == NULL || b == NULL)
		goto bad;
	/* A module may have no more than names. */
	if (n == 0)
		goto out;
	qsort(row, n, sizeof(*row), by_address);
	len = TABLE_HEAD + 8 * n;
	/* It may be anywhere; before .eh_frame its numbers are small. */
	place = m->of->low > len ? m->of->low - len : 0;
	b[0] = 1;
	b[1] = FROM_FIELD;
	b[2] = UNSIGNED4;
	b[3] = FROM_TABLE;
	core_number_put(m->core, b + 4, 4, m->of->low - (place + 4));
	core_number_put(m->core, b + 8, 4, n);
	for (size_t k = 0; k < n; k++) {
		core_number_put(m->core, b + TABLE_HEAD + 8 * k, 4, row[k]->first - place);
		core_number_put(m->core, b + TABLE_HEAD + 8 * k + 4, 4, row[k]->second - place);
	}
	if ((at = append(m, b, len, 8)) == 0)
		goto bad;
	set_section(m, TABLE, SHT_PROGBITS, SHF_ALLOC, place, at, len);
out:
	free(row);
	free(b);
	return 0;
bad:
	free(row);
	free(b);
	return -1;
}

static int
put_frames(struct making *m)
{
	const uint8_t *bytes;
	uint64_t at, start;
	size_t len;

	if (m->of->high <= m->of->low)
		return 0;
	/* The holes are as long as they were, and take no room. */
	start = (m->end + 7) / 8 * 8;
	for (size_t k = 0; k < m->of->records; k++) {
		if (m->of->record[k].kind == CORE_UNWIND_SYMBOL)
			continue;
		at = trace_noted_entry(&m->of->record[k], &bytes, &len);
		if (io_pwrite(m->fd, bytes, len, start + (at - m->of->low)) < 0)
			return -1;
	}
	m->end = start + (m->of->high - m->of->low);
	set_section(m, FRAME, SHT_PROGBITS, SHF_ALLOC, m->of->low, start, m->of->high - m->of->low);
	return 0;
}

static void
put_symbol(const struct making *m, uint8_t *p, const struct noted_record *r, uint32_t name)
{
	int big = m->core->big;
	uint8_t info = (uint8_t)core_number(m->core, r->p + 16, 4);

	/* Elf64_Sym and Elf32_Sym have their fields in another order. */
	elf_number_put(p, 4, big, name);
	if (m->core->is64) {
		p[4] = info;
		elf_number_put(p + 6, 2, big, TEXT);
		elf_number_put(p + 8, 8, big, r->first);
		elf_number_put(p + 16, 8, big, r->second);
	} else {
		elf_number_put(p + 4, 4, big, r->first);
		elf_number_put(p + 8, 4, big, r->second);
		p[12] = info;
		elf_number_put(p + 14, 2, big, TEXT);
	}
}

static int
put_symbols(struct making *m)
{
	size_t size = elf_header_size(ELF_SYM, m->core->is64), n = 1, len = 1;
	uint64_t at = 0, names_at = 0;
	uint8_t *table, *names;

	for (size_t k = 0; k < m->of->records; k++)
		if (m->of->record[k].kind == CORE_UNWIND_SYMBOL) {
			n++;
			len += m->of->record[k].len - 20 + 1;
		}
	table = calloc(n, size);
	names = calloc(1, len);
	n = len = 1;
	for (size_t k = 0; table != NULL && names != NULL && k < m->of->records; k++) {
		const struct noted_record *r = &m->of->record[k];

		if (r->kind != CORE_UNWIND_SYMBOL)
			continue;
		put_symbol(m, table + n++ * size, r, (uint32_t)len);
		memcpy(names + len, r->p + 20, r->len - 20);
		len += r->len - 20 + 1;
	}
	if (table != NULL && names != NULL) {
		at = append(m, table, n * size, 8);
		names_at = append(m, names, len, 1);
	}
	set_section(m, SYMBOLS, SHT_SYMTAB, 0, 0, at, n * size);
	m->section[SYMBOLS].sh_link = NAMES;
	m->section[SYMBOLS].sh_info = 1;
	m->section[SYMBOLS].sh_entsize = size;
	m->section[SYMBOLS].sh_addralign = 8;
	set_section(m, NAMES, SHT_STRTAB, 0, 0, names_at, len);
	free(table);
	free(names);
	return at != 0 && names_at != 0 ? 0 : -1;
}

/* The build-id that the core knows, so that libdwfl has one to show and to find a debug file by. */
static int
put_build_id(struct making *m)
{
	const struct core_file *f = core_files_at(&m->core->files, m->of->start);
	struct elf_id id = { .build_id_len = 0 };
	uint8_t b[16 + ELF_ID_BUILD_ID_MAX] = { 0 };
	size_t len;
	uint64_t at;

	if (f != NULL)
		core_files_identity(f, &id);
	if (id.build_id_len == 0)
		return 0;
	core_number_put(m->core, b, 4, 4);
	core_number_put(m->core, b + 4, 4, id.build_id_len);
	core_number_put(m->core, b + 8, 4, NT_GNU_BUILD_ID);
	memcpy(b + 12, "GNU", 4);
	memcpy(b + 16, id.build_id, id.build_id_len);
	len = 16 + (id.build_id_len + 3) / 4 * 4;
	if ((at = append(m, b, len, 4)) == 0)
		return -1;
	set_section(m, NOTE, SHT_NOTE, 0, 0, at, len);
	m->section[NOTE].sh_addralign = 4;
	return 0;
}

/* The section that the symbols are in: all that is code. */
static void
set_text(struct making *m)
{
	uint64_t low = UINT64_MAX, high = 0;

	for (size_t k = 0; k < m->of->loads; k++) {
		const Elf64_Phdr *p = &m->of->load[k];

		if ((p->p_flags & PF_X) == 0 || p->p_memsz > UINT64_MAX - p->p_vaddr)
			continue;
		low = p->p_vaddr < low ? p->p_vaddr : low;
		high = p->p_vaddr + p->p_memsz > high ? p->p_vaddr + p->p_memsz : high;
	}
	set_section(m, TEXT, SHT_NOBITS, SHF_ALLOC | SHF_EXECINSTR, low < high ? low : 0, 0,
	    low < high ? high - low : 0);
}

static int
put_headers(struct making *m)
{
	const int is64 = m->core->is64, big = m->core->big;
	const size_t shdr = elf_header_size(ELF_SHDR, is64), phdr = elf_header_size(ELF_PHDR, is64);
	uint8_t b[(NOTED_SEGMENTS + SECTIONS) * sizeof(Elf64_Shdr)] = { 0 };
	Elf64_Ehdr h = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
		    is64 ? ELFCLASS64 : ELFCLASS32, big ? ELFDATA2MSB : ELFDATA2LSB, EV_CURRENT },
		.e_type = m->of->type, .e_machine = (Elf64_Half)m->core->machine,
		.e_version = EV_CURRENT, .e_phoff = elf_header_size(ELF_EHDR, is64),
		.e_ehsize = (Elf64_Half)elf_header_size(ELF_EHDR, is64),
		.e_phentsize = (Elf64_Half)phdr, .e_phnum = (Elf64_Half)m->of->loads,
		.e_shentsize = (Elf64_Half)shdr, .e_shnum = SECTIONS,
		.e_shstrndx = SECTION_NAMES };
	uint64_t at = append(m, section_names, sizeof(section_names), 1);

	set_section(m, SECTION_NAMES, SHT_STRTAB, 0, 0, at, sizeof(section_names));
	for (size_t k = 0; k < SECTIONS; k++)
		elf_shdr_put(&m->section[k], b + k * shdr, is64, big);
	if (at == 0 || (h.e_shoff = append(m, b, SECTIONS * shdr, 8)) == 0)
		return -1;
	for (size_t k = 0; k < m->of->loads; k++)
		elf_phdr_put(&m->of->load[k], b + k * phdr, is64, big);
	if (io_pwrite(m->fd, b, m->of->loads * phdr, h.e_phoff) < 0)
		return -1;
	elf_ehdr_put(&h, b, is64, big);
	return io_pwrite(m->fd, b, (size_t)h.e_phoff, 0);
}

int
trace_noted_make(const struct noted_module *of, const struct core *c)
{
	struct making m = { .of = of, .core = c };

	if (of->loads == 0 || (m.fd = memfd_create("module", MFD_CLOEXEC)) < 0)
		return -1;
	m.end = elf_header_size(ELF_EHDR, c->is64) +
	    of->loads * elf_header_size(ELF_PHDR, c->is64);
	set_text(&m);
	if (put_table(&m) == 0 && put_frames(&m) == 0 && put_symbols(&m) == 0 &&
	    put_build_id(&m) == 0 && put_headers(&m) == 0)
		return m.fd;
	io_close(m.fd);
	return -1;
}
