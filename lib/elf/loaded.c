#include "elf/loaded.h"

#include <ar.h>
#include <errno.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "elf/file.h"
#include "elf/id.h"
#include "elf/layout.h"
#include "elf/machine_table.h"
#include "elf/ranges.h"

#define PIECE (64u * 1024)
/* Fewer zeros behind a file than this are no content. */
#define PAGE 4096u
/* The smallest page of any machine that Linux runs on. */
#define SMALLEST_PAGE 4096u

struct file {
	int fd;
	uint64_t size;
	Elf *elf;
	GElf_Ehdr head;
	GElf_Phdr *segment;	/* without PT_NULL, which is nothing */
	size_t segments;
};

static void
close_file(struct file *f)
{
	elf_end(f->elf);
	free(f->segment);
	if (f->fd >= 0)
		io_close(f->fd);
}

/* 0, or -1 with words; to be ended by close_file whatever it returned. */
static int
open_file(struct file *f, const char *path, char *words)
{
	enum elf_id_status st = ELF_ID_SYSTEM;
	uint8_t magic[SARMAG];
	struct elf_id id;
	struct stat is;
	size_t n = 0;
	off_t size;

	*f = (struct file){ .fd = -1 };
	/* io_open_regular takes /proc, which where packages are built may not be there. */
	if (stat(path, &is) == 0 && !S_ISREG(is.st_mode))
		errno = EINVAL;
	else
		f->fd = io_open(path);
	if (f->fd >= 0 && (size = lseek(f->fd, 0, SEEK_END)) >= 0) {
		f->size = (uint64_t)size;
		n = (size_t)io_pread(f->fd, magic, sizeof(magic), 0);
		/* elf_id_read tells only an archive that is not thin. */
		st = n == sizeof(magic) && elf_id_kind(magic, n) == ELF_ID_KIND_ARCHIVE ?
		    ELF_ID_ARCHIVE :
		    elf_id_read(f->fd, ELF_ID_SECTION, &id);
	}
	elf_version(EV_CURRENT);
	/* elf_id_read has found that what libelf will hold is within bounds. */
	if ((st == ELF_ID_OK || st == ELF_ID_TOO_LONG) &&
	    ((f->elf = elf_begin(f->fd, ELF_C_READ, NULL)) == NULL ||
	    gelf_getehdr(f->elf, &f->head) == NULL ||
		elf_getphdrnum(f->elf, &n) < 0))
		st = elf_id_malformed(elf_errmsg(-1));
	else if (f->elf != NULL && (f->segment = calloc(n + 1, sizeof(*f->segment))) == NULL)
		st = ELF_ID_SYSTEM;
	if (st != ELF_ID_OK && st != ELF_ID_TOO_LONG) {
		if (st == ELF_ID_ARCHIVE)
			snprintf(words, ELF_LOADED_WORDS,
			    "an archive, no program, library or object");
		else
			elf_id_why(st, words);
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr *p = &f->segment[f->segments];

		if (gelf_getphdr(f->elf, (int)i, p) == NULL ||
		    p->p_offset > UINT64_MAX - p->p_filesz ||
		    p->p_vaddr > UINT64_MAX - p->p_filesz) {
			snprintf(words, ELF_LOADED_WORDS, "malformed ELF file: program header %zu",
			    i);
			return -1;
		}
		f->segments += p->p_type != PT_NULL;
	}
	return 0;
}

/* Whether what is behind the end is zeros that fill less than a page, as patchelf leaves them. */
static int
filling(const struct file *f, uint64_t end)
{
	uint8_t rest[PAGE];
	size_t n = f->size - end < PAGE ? (size_t)(f->size - end) : PAGE;

	if (n == PAGE || io_pread(f->fd, rest, n, end) != (ssize_t)n)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (rest[i] != 0)
			return 0;
	return 1;
}

/* Whether a header leads to every byte of the file, but for filling. */
static enum elf_loaded_status
check_bytes(const struct file *f, char *words)
{
	enum elf_loaded_status st = ELF_LOADED_OK;
	uint64_t end, from, to;
	struct elf_ranges all;
	int rc;

	if (elf_ranges_open(&all, f->elf, f->fd) < 0) {
		elf_id_why(ELF_ID_SYSTEM, words);
		return ELF_LOADED_BAD;
	}
	if ((end = elf_ranges_end(&all)) > f->size) {
		snprintf(words, ELF_LOADED_WORDS,
		    "cut short, or debug data alone: it has %" PRIu64 " of %" PRIu64
		    " bytes", f->size, end);
		st = ELF_LOADED_BAD;
	} else if (end < f->size && !filling(f, end)) {
		snprintf(words, ELF_LOADED_WORDS,
		    "%" PRIu64 " byte%s the ELF file, which ends at byte %" PRIu64,
		    f->size - end, f->size - end == 1 ? " follows" : "s follow", end);
		st = ELF_LOADED_BEHIND;
	} else if ((rc = elf_ranges_gap(&all, &from, &to)) < 0) {
		elf_id_why(ELF_ID_SYSTEM, words);
		st = ELF_LOADED_BAD;
	} else if (rc > 0) {
		snprintf(words, ELF_LOADED_WORDS,
		    "no header leads to bytes %" PRIu64 " to %" PRIu64, from, to - 1);
		st = ELF_LOADED_BEHIND;
	}
	elf_ranges_close(&all);
	return st;
}

enum elf_loaded_status
elf_loaded_check(const char *path, char words[ELF_LOADED_WORDS])
{
	enum elf_loaded_status st = ELF_LOADED_BAD;
	struct file f;

	if (open_file(&f, path, words) < 0)
		goto out;
	if (f.head.e_type == ET_CORE)
		snprintf(words, ELF_LOADED_WORDS, "a core, no program, library or object");
	else if (f.head.e_type != ET_EXEC && f.head.e_type != ET_DYN && f.head.e_type != ET_REL)
		snprintf(words, ELF_LOADED_WORDS,
		    "an ELF file of type %u, no program, library or object",
		    f.head.e_type);
	else
		st = check_bytes(&f, words);
out:
	close_file(&f);
	return st;
}

/*
 * The segment of memory that has len bytes at an offset of the file; NULL when none has all of
 * them.
 */
static const GElf_Phdr *
load_of(const struct file *f, uint64_t offset, uint64_t len)
{
	for (size_t i = 0; i < f->segments; i++) {
		const GElf_Phdr *p = &f->segment[i];

		if (p->p_type == PT_LOAD && offset >= p->p_offset &&
		    offset - p->p_offset <= p->p_filesz &&
		    len <= p->p_filesz - (offset - p->p_offset))
			return p;
	}
	return NULL;
}

/* The address at which bytes of the file are loaded; UINT64_MAX when they are not. */
static uint64_t
address_of(const struct file *f, uint64_t offset, uint64_t len)
{
	const GElf_Phdr *p = load_of(f, offset, len);

	return p == NULL ? UINT64_MAX : p->p_vaddr + (offset - p->p_offset);
}

/* Makes the bytes of a range zero where they are among n bytes from an offset of the file. */
static void
blank(uint8_t *buf, uint64_t at, size_t n, uint64_t from, uint64_t len)
{
	for (uint64_t i = from < at ? at : from; i < from + len && i - at < n; i++)
		buf[i - at] = 0;
}

/* The headers are compared by their fields, and lead to what is elsewhere in the file. */
static void
blank_headers(const struct file *f, uint8_t *buf, uint64_t at, size_t n)
{
	static const size_t fields[] = { offsetof(Elf64_Ehdr, e_phoff),
		offsetof(Elf64_Ehdr, e_shoff), offsetof(Elf64_Ehdr, e_shentsize),
		offsetof(Elf64_Ehdr, e_shnum), offsetof(Elf64_Ehdr, e_shstrndx) };
	int is64 = f->head.e_ident[EI_CLASS] == ELFCLASS64;

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		size_t len, where = elf_field_at(ELF_EHDR, fields[i], is64, &len);

		blank(buf, at, n, where, len);
	}
	blank(buf, at, n, f->head.e_phoff, (uint64_t)f->head.e_phnum * f->head.e_phentsize);
}

/* Whether a segment has the same bytes in both; *at is how far they are the same. */
static int
same_bytes(const struct file *a, const struct file *b, const GElf_Phdr *p, const GElf_Phdr *q,
    uint64_t *at)
{
	uint8_t *x = io_buffer(PIECE), *y = io_buffer(PIECE);
	int same = x != NULL && y != NULL;

	for (*at = 0; same && *at < p->p_filesz;) {
		size_t n = p->p_filesz - *at < PIECE ? (size_t)(p->p_filesz - *at) : PIECE;

		if (io_pread(a->fd, x, n, p->p_offset + *at) != (ssize_t)n ||
		    io_pread(b->fd, y, n, q->p_offset + *at) != (ssize_t)n) {
			same = 0;
			break;
		}
		blank_headers(a, x, p->p_offset + *at, n);
		blank_headers(b, y, q->p_offset + *at, n);
		for (size_t i = 0; i < n && same; i++)
			if (x[i] != y[i]) {
				same = 0;
				n = i;
			}
		*at += n;
	}
	free(x);
	free(y);
	return same;
}

static const char *
segment_name(uint32_t type)
{
	static const struct {
		uint32_t type;
		const char *name;
	} names[] = {
		{ PT_LOAD, "LOAD" }, { PT_DYNAMIC, "DYNAMIC" }, { PT_INTERP, "INTERP" },
		{ PT_NOTE, "NOTE" },
		{ PT_PHDR, "PHDR" }, { PT_TLS, "TLS" }, { PT_GNU_EH_FRAME, "GNU_EH_FRAME" },
		{ PT_GNU_STACK, "GNU_STACK" }, { PT_GNU_RELRO, "GNU_RELRO" },
		{ PT_GNU_PROPERTY, "GNU_PROPERTY" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].type == type)
			return names[i].name;
	return "other";
}

/* The largest size of a page that Linux has on a machine, as far as it has to be told apart. */
static uint64_t
largest_page(uint16_t number)
{
	const struct machine *m = machine_find(number);

	return m != NULL && m->small_pages ? 4096 : 65536;
}

/*
 * Whether a segment that moved in the file can be mapped wherever it could be before.  The kernel
 * maps by its pages, whatever p_align says (fs/binfmt_elf.c); the dynamic linker asks for p_align
 * (gABI chapter 5).
 */
static int
fits(const GElf_Phdr *p, const GElf_Phdr *q, uint16_t machine)
{
	uint64_t moved = q->p_offset - p->p_offset, size = largest_page(machine);

	if (p->p_align > 1 && moved % p->p_align != 0)
		return 0;
	while (size > 1 && (p->p_vaddr - p->p_offset) % size != 0)
		size /= 2;
	return size < SMALLEST_PAGE || moved % size == 0;
}

/* What of a segment differs; NULL when nothing does.  *at is an address for the words. */
static const char *
segment_difference(const struct file *a, const struct file *b, const GElf_Phdr *p,
    const GElf_Phdr *q, uint64_t *at)
{
	uint64_t same;

	*at = p->p_vaddr;
	if (p->p_type != q->p_type)
		return "another type";
	if (p->p_vaddr != q->p_vaddr || p->p_paddr != q->p_paddr)
		return "another address";
	if (p->p_filesz != q->p_filesz || p->p_memsz != q->p_memsz)
		return "another size";
	if (p->p_flags != q->p_flags)
		return "other rights";
	if (p->p_align != q->p_align)
		return "another alignment";
	if (p->p_type == PT_LOAD && p->p_filesz > 0 && !fits(p, q, a->head.e_machine))
		return "a place in the file that does not fit its alignment";
	/* The table of program headers is compared by its fields. */
	if (p->p_filesz == 0 || p->p_type == PT_PHDR)
		return NULL;
	if (address_of(a, p->p_offset, p->p_filesz) != address_of(b, q->p_offset, q->p_filesz))
		return "it is loaded elsewhere";
	if (!same_bytes(a, b, p, q, &same)) {
		*at = p->p_vaddr + same;
		return "other bytes";
	}
	return NULL;
}

/* What of the headers differs; NULL when nothing does. */
static const char *
head_difference(const struct file *a, const struct file *b)
{
	const GElf_Ehdr *x = &a->head, *y = &b->head;

	if (memcmp(x->e_ident, y->e_ident, EI_NIDENT) != 0 || x->e_machine != y->e_machine ||
	    x->e_type != y->e_type ||
	    x->e_version != y->e_version || x->e_flags != y->e_flags)
		return "another machine or kind of file";
	if (x->e_entry != y->e_entry)
		return "another entry point";
	if (a->segments != b->segments)
		return "another number of program headers";
	/* The process finds its program headers by AT_PHDR. */
	if (a->segments > 0 && address_of(a, x->e_phoff, (uint64_t)x->e_phnum * x->e_phentsize) !=
	    address_of(b, y->e_phoff, (uint64_t)y->e_phnum * y->e_phentsize))
		return "the program headers are loaded elsewhere";
	return NULL;
}

enum elf_loaded_status
elf_loaded_same(const char *path, const char *other, char words[ELF_LOADED_WORDS])
{
	enum elf_loaded_status st = ELF_LOADED_BAD;
	struct file a, b = { .fd = -1 };
	const char *what;
	uint64_t at;

	if (open_file(&a, path, words) < 0 || open_file(&b, other, words) < 0)
		goto out;
	st = ELF_LOADED_OTHER;
	if ((what = head_difference(&a, &b)) != NULL) {
		snprintf(words, ELF_LOADED_WORDS, "%s", what);
		goto out;
	}
	for (size_t i = 0; i < a.segments; i++)
		if ((what = segment_difference(&a, &b, &a.segment[i], &b.segment[i],
		    &at)) != NULL) {
			snprintf(words, ELF_LOADED_WORDS,
			    "segment %zu (%s): %s, at address 0x%" PRIx64, i,
			    segment_name(a.segment[i].p_type), what, at);
			goto out;
		}
	st = ELF_LOADED_OK;
out:
	close_file(&a);
	close_file(&b);
	return st;
}
