#include "elf/unwind.h"

#include <stdlib.h>
#include <string.h>

#include "base/search.h"
#include "elf/layout.h"
#include "elf/unwind_scan.h"

/* Encodings of numbers in .eh_frame_hdr (LSB core, 10.5.1): the low bits say how large they are. */
#define FORM 0x0f
#define UNSIGNED4 0x03
/* A table that can be searched: 4 bytes, signed, from where the header is. */
#define SEARCHED 0x3b
#define ROW 8
/* The most bytes of such a table, and of a table of symbols, that are read: huge programs have 30 MB. */
#define TABLE_MAX (64u * 1024 * 1024)
/* Bytes of a table of symbols that are read at once. */
#define PIECE (64u * 1024)

/* Where an address is in the file; whether len bytes are there, and how many more in *left. */
static int
place(struct elf_file *f, uint64_t address, size_t len, uint64_t *offset, uint64_t *left)
{
	Elf64_Phdr p;

	for (uint64_t i = 0; elf_file_segment(f, i, &p); i++)
		if (p.p_type == PT_LOAD && address >= p.p_vaddr &&
		    address - p.p_vaddr < p.p_filesz &&
		    len <= p.p_filesz - (address - p.p_vaddr) &&
		    p.p_offset <= UINT64_MAX - p.p_filesz) {
			*offset = p.p_offset + (address - p.p_vaddr);
			*left = p.p_filesz - (address - p.p_vaddr) - len;
			return elf_file_has(f, *offset, len);
		}
	return 0;
}

static uint32_t
number4(const struct elf_file *f, const uint8_t *p)
{
	return (uint32_t)elf_number(p, 4, f->big);
}

/* The address that a row has in its first or second number. */
static uint64_t
row_address(const struct elf_unwind *u, uint64_t row, size_t second)
{
	const uint8_t *p = u->table + row * ROW + 4 * second;

	return u->at + (uint64_t)(int64_t)(int32_t)number4(u->file, p);
}

/* The bytes of a number by its encoding; 0: not understood. */
static size_t
size_of(const struct elf_file *f, unsigned encoding)
{
	static const uint8_t sizes[FORM + 1] = { [2] = 2, [3] = 4, [4] = 8, [10] = 2, [11] = 4,
		[12] = 8 };

	return (encoding & FORM) == 0 ? elf_word_size(f->is64) : sizes[encoding & FORM];
}

static int
read_table(struct elf_unwind *u, const Elf64_Phdr *p)
{
	struct elf_file *f = u->file;
	uint64_t offset, left, count;
	uint8_t head[4], bytes[4];
	size_t skip;

	u->at = p->p_vaddr;
	if (!place(f, u->at, sizeof(head), &offset, &left) ||
	    !elf_file_read(f, offset, head, sizeof(head)) || head[0] != 1 ||
	    head[2] != UNSIGNED4 || head[3] != SEARCHED ||
	    (skip = sizeof(head) + size_of(f, head[1])) == sizeof(head) ||
	    !elf_file_read(f, offset + skip, bytes, sizeof(bytes)))
		return -1;
	count = number4(f, bytes);
	skip += sizeof(bytes);
	if (count == 0 || count * ROW > TABLE_MAX || skip > p->p_filesz ||
	    count * ROW > p->p_filesz - skip || !elf_file_has(f, offset + skip, count * ROW) ||
	    (u->table = malloc((size_t)count * ROW)) == NULL ||
	    !elf_file_read(f, offset + skip, u->table, (size_t)count * ROW))
		return -1;
	u->rows = count;
	return 0;
}

int
elf_unwind_open(struct elf_unwind *u, struct elf_file *f)
{
	Elf64_Phdr p;

	*u = (struct elf_unwind){ .file = f };
	for (uint64_t i = 0; elf_file_segment(f, i, &p); i++)
		if (p.p_type == PT_GNU_EH_FRAME)
			return read_table(u, &p);
	return elf_unwind_scan(u);
}

int
elf_unwind_section(struct elf_file *f, const char *name, Elf64_Shdr *s)
{
	size_t len = strlen(name) + 1;
	Elf64_Shdr names;
	const uint8_t *p;

	if (!elf_file_section(f, f->names, &names))
		return 0;
	for (uint64_t i = 1; elf_file_section(f, i, s); i++)
		if (s->sh_name < names.sh_size && len <= names.sh_size - s->sh_name &&
		    (p = elf_file_look(f, &f->strings, names.sh_offset + s->sh_name,
		    len)) != NULL && memcmp(p, name, len) == 0)
			return 1;
	return 0;
}

void
elf_unwind_close(struct elf_unwind *u)
{
	free(u->table);
	u->table = NULL;
	u->rows = 0;
}

/* The number of rows that start at or before an address. */
static uint64_t
rows_to(const struct elf_unwind *u, uint64_t pc)
{
	uint64_t low = 0, high = u->rows;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (row_address(u, middle, 0) <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int
elf_unwind_row(const struct elf_unwind *u, uint64_t pc, uint64_t *from)
{
	uint64_t n = rows_to(u, pc);

	if (n == 0)
		return -1;
	*from = row_address(u, n - 1, 0);
	return 0;
}

/* Reads an entry of .eh_frame: its length, in 4 bytes, does not count those. */
static int
read_entry(struct elf_file *f, uint64_t at, struct elf_unwind_entry *e)
{
	uint64_t offset, left;
	uint8_t b[4];
	uint32_t len;

	if (!place(f, at, 8, &offset, &left) || !elf_file_read(f, offset, b, sizeof(b)))
		return -1;
	len = number4(f, b);
	if (len < 4 || len > sizeof(e->bytes) - 4 || len - 4 > left)
		return -1;
	e->at = at;
	e->len = 4 + (size_t)len;
	return elf_file_read(f, offset, e->bytes, e->len) ? 0 : -1;
}

int
elf_unwind_entry(struct elf_unwind *u, uint64_t from, struct elf_unwind_entry *fde,
    struct elf_unwind_entry *cie)
{
	uint64_t n = rows_to(u, from);
	uint32_t back;

	if (n == 0 || read_entry(u->file, row_address(u, n - 1, 1), fde) < 0)
		return -1;
	/* It leads back to the CIE from where this number is; a CIE has 0 there. */
	back = number4(u->file, fde->bytes + 4);
	if (back == 0 || back > fde->at + 4 ||
	    read_entry(u->file, fde->at + 4 - back, cie) < 0)
		return -1;
	return number4(u->file, cie->bytes + 4) == 0 ? 0 : -1;
}

/* A table of symbols while it is read. */
struct symbols {
	struct elf_file *file;
	Elf64_Shdr table, names;
	const uint64_t *at;
	size_t count;
	int (*found)(void *arg, const Elf64_Sym *s, const char *name);
	void *arg;
};

/* Whether a symbol is one that a frame is named by, and has one of the addresses. */
static int
is_wanted(const struct symbols *s, const Elf64_Sym *sym)
{
	unsigned type = ELF64_ST_TYPE(sym->st_info);
	size_t i;

	if (sym->st_shndx == SHN_UNDEF || sym->st_shndx >= SHN_LORESERVE || sym->st_size == 0 ||
	    type == STT_SECTION || type == STT_FILE || type == STT_TLS || sym->st_name == 0)
		return 0;
	i = search_from(s->at, s->count, sizeof(*s->at), 0, sym->st_value);
	return i < s->count && s->at[i] - sym->st_value < sym->st_size;
}

static int
show(const struct symbols *s, const Elf64_Sym *sym)
{
	char name[ELF_UNWIND_NAME];
	uint64_t left;

	if (sym->st_name >= s->names.sh_size)
		return 0;
	left = s->names.sh_size - sym->st_name;
	if (left > sizeof(name))
		left = sizeof(name);
	if (!elf_file_read(s->file, s->names.sh_offset + sym->st_name, name, (size_t)left) ||
	    memchr(name, '\0', (size_t)left) == NULL || name[0] == '\0')
		return 0;
	return s->found(s->arg, sym, name);
}

static void
walk(const struct symbols *s)
{
	const size_t size = elf_header_size(ELF_SYM, s->file->is64), most = PIECE / size * size;
	uint8_t *buf = malloc(most);
	uint64_t len = s->table.sh_size / size * size;
	Elf64_Sym sym;
	int end = buf == NULL;

	for (uint64_t done = 0; done < len && !end; done += most) {
		size_t n = len - done < most ? (size_t)(len - done) : most;

		if (!elf_file_read(s->file, s->table.sh_offset + done, buf, n))
			break;
		for (size_t k = 0; k < n && !end; k += size) {
			elf_sym_get(&sym, buf + k, s->file->is64, s->file->big);
			end = is_wanted(s, &sym) && show(s, &sym) != 0;
		}
	}
	free(buf);
}

void
elf_unwind_symbols(struct elf_file *f, const uint64_t *at, size_t count,
    int (*found)(void *arg, const Elf64_Sym *s, const char *name), void *arg)
{
	static const uint32_t types[] = { SHT_SYMTAB, SHT_DYNSYM };
	struct symbols s = { .file = f, .at = at, .count = count, .found = found, .arg = arg };

	for (size_t k = 0; k < sizeof(types) / sizeof(*types); k++)
		for (uint64_t i = 1; elf_file_section(f, i, &s.table); i++)
			if (s.table.sh_type == types[k] && s.table.sh_size <= TABLE_MAX &&
			    elf_file_has(f, s.table.sh_offset, s.table.sh_size) &&
			    elf_file_section(f, s.table.sh_link, &s.names) &&
			    s.names.sh_type == SHT_STRTAB &&
			    elf_file_has(f, s.names.sh_offset, s.names.sh_size)) {
				walk(&s);
				return;
			}
}
