#include "elf/file.h"

#include <ar.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "elf/layout.h"

/*
 * More sections, segments, or bytes of section names than these no program has, whatever a file of
 * holes claims.
 */
#define COUNT_MAX (512u * 1024)
#define NAMES_MAX (64u * 1024 * 1024)

int
elf_file_has(const struct elf_file *f, uint64_t at, uint64_t len)
{
	return at <= f->size && len <= f->size - at;
}

int
elf_file_read(const struct elf_file *f, uint64_t at, void *buf, size_t len)
{
	if (!elf_file_has(f, at, len))
		return 0;
	if (f->memory == NULL)
		return io_pread(f->fd, buf, len, at) == (ssize_t)len;
	memcpy(buf, f->memory + at, len);
	return 1;
}

const uint8_t *
elf_file_look(const struct elf_file *f, struct elf_file_window *w, uint64_t at, size_t len)
{
	if (len > sizeof(w->bytes) || !elf_file_has(f, at, len))
		return NULL;
	if (at < w->at || w->len < len || at - w->at > w->len - len) {
		w->len = f->size - at < sizeof(w->bytes) ? (size_t)(f->size - at) :
		    sizeof(w->bytes);
		w->at = at;
		if (!elf_file_read(f, at, w->bytes, w->len)) {
			w->len = 0;
			return NULL;
		}
	}
	return w->bytes + (at - w->at);
}

/* Entry i of a table of headers of one size; NULL when the file does not have it. */
static const uint8_t *
entry(struct elf_file *f, uint64_t table, uint64_t i, size_t size)
{
	/* i is less than the product's room: counts have 32 bits at most here. */
	uint64_t at = i * size;

	return at <= UINT64_MAX - table ? elf_file_look(f, &f->headers, table + at, size) : NULL;
}

int
elf_file_segment(struct elf_file *f, uint64_t i, Elf64_Phdr *p)
{
	size_t size = elf_header_size(ELF_PHDR, f->is64);
	const uint8_t *bytes;

	if (i >= f->segments || f->head.e_phentsize != size ||
	    (bytes = entry(f, f->head.e_phoff, i, size)) == NULL)
		return 0;
	elf_phdr_get(p, bytes, f->is64, f->big);
	return 1;
}

int
elf_file_section(struct elf_file *f, uint64_t i, Elf64_Shdr *s)
{
	const uint8_t *bytes;

	if (i >= f->sections ||
	    (bytes = entry(f, f->head.e_shoff, i, elf_header_size(ELF_SHDR, f->is64))) == NULL)
		return 0;
	elf_shdr_get(s, bytes, f->is64, f->big);
	return 1;
}

/* Takes the counts from the header or from the first section's; 0 when no program has as many. */
static int
count(struct elf_file *f)
{
	const Elf64_Ehdr *h = &f->head;
	Elf64_Shdr first, names;

	f->segments = h->e_phnum;
	f->sections = h->e_shoff != 0 ? h->e_shnum : 0;
	f->names = h->e_shstrndx;
	if (h->e_shoff == 0)
		return h->e_phnum != PN_XNUM;
	if (h->e_shnum == 0)
		f->sections = 1;
	if (elf_file_section(f, 0, &first)) {
		if (h->e_shnum == 0)
			f->sections = first.sh_size;
		if (h->e_phnum == PN_XNUM)
			f->segments = first.sh_info;
		if (h->e_shstrndx == SHN_XINDEX)
			f->names = first.sh_link;
	}
	if (f->sections > COUNT_MAX || f->segments > COUNT_MAX)
		return 0;
	/* Compressed names would have to be inflated. */
	return f->names == SHN_UNDEF || !elf_file_section(f, f->names, &names) ||
	    (names.sh_size <= NAMES_MAX && (names.sh_flags & SHF_COMPRESSED) == 0);
}

/* Reads the file header into f->head; class and byte order must be known ones. */
static enum elf_id_status
read_head(struct elf_file *f)
{
	static const char cut[] = "it ends within its file header";
	uint8_t b[ELF_HEADER_MAX];
	size_t size;

	if (elf_file_read(f, 0, b, SARMAG) && memcmp(b, ARMAG, SARMAG) == 0)
		return ELF_ID_ARCHIVE;
	if (!elf_file_read(f, 0, b, SELFMAG) || memcmp(b, ELFMAG, SELFMAG) != 0)
		return ELF_ID_NOT_ELF;
	if (!elf_file_read(f, 0, b, EI_NIDENT))
		return elf_id_malformed(cut);
	if ((b[EI_CLASS] != ELFCLASS32 && b[EI_CLASS] != ELFCLASS64) ||
	    (b[EI_DATA] != ELFDATA2LSB && b[EI_DATA] != ELFDATA2MSB) ||
	    b[EI_VERSION] != EV_CURRENT)
		return ELF_ID_NOT_ELF;
	f->is64 = b[EI_CLASS] == ELFCLASS64;
	f->big = b[EI_DATA] == ELFDATA2MSB;
	size = elf_header_size(ELF_EHDR, f->is64);
	if (!elf_file_read(f, 0, b, size))
		return elf_id_malformed(cut);
	elf_ehdr_get(&f->head, b, f->is64, f->big);
	return ELF_ID_OK;
}

/* Makes f ready, but for where it reads from and the counts. */
static void
begin(struct elf_file *f)
{
	memset(&f->head, 0, sizeof(f->head));
	f->is64 = f->big = 0;
	f->segments = f->sections = 0;
	f->names = SHN_UNDEF;
	f->headers.len = f->strings.len = 0;
	f->headers.at = f->strings.at = 0;
}

enum elf_id_status
elf_file_open(struct elf_file *f, int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	enum elf_id_status st;

	begin(f);
	f->fd = fd;
	f->memory = NULL;
	f->size = size < 0 ? 0 : (uint64_t)size;
	if (size < 0)
		return ELF_ID_SYSTEM;
	if ((st = read_head(f)) != ELF_ID_OK)
		return st;
	return count(f) ? ELF_ID_OK : ELF_ID_TOO_MANY;
}

enum elf_id_status
elf_file_memory(struct elf_file *f, const uint8_t *bytes, size_t len)
{
	enum elf_id_status st;

	begin(f);
	f->fd = -1;
	f->memory = bytes;
	f->size = len;
	if ((st = read_head(f)) == ELF_ID_OK)
		f->segments = f->head.e_phnum;
	return st;
}
