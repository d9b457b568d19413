#include "elf/unwind_scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "elf/layout.h"

/* The most bytes of .eh_frame that are read, and of entries in it. */
#define FRAMES_MAX (64u * 1024 * 1024)
#define ENTRIES_MAX (1024u * 1024)
/* Encodings of addresses (LSB core, 10.5.1). */
#define FORM 0x0f
#define SIGNED 0x08
#define RELATIVE 0x70
#define FROM_FIELD 0x10

struct row {
	int64_t pc, fde;		/* from where the section is */
};

/* The bytes of the section, and where reading them is. */
struct frames {
	const struct elf_file *file;
	const uint8_t *p;
	size_t len;
	uint64_t address;
	uint64_t cie;			/* the one that was looked at last */
	int encoding;			/* of its addresses; -1: not understood */
};

static uint32_t
number4(const struct frames *f, size_t at)
{
	return (uint32_t)elf_number(f->p + at, 4, f->file->big);
}

/* Passes over a number of 7 bits a byte; its first bits. */
static uint8_t
pass_number(const struct frames *f, size_t *at, size_t end)
{
	uint8_t first = *at < end ? f->p[*at] & 0x7f : 0;

	while (*at < end && (f->p[(*at)++] & 0x80) != 0)
		continue;
	return first;
}

static size_t
size_of(const struct frames *f, int encoding)
{
	static const uint8_t sizes[8] = { 0, 0, 2, 4, 8 };

	return (encoding & 7) == 0 ? elf_word_size(f->file->is64) : sizes[encoding & 7];
}

/* How a CIE, from at to end, says that its FDEs have their addresses; -1: not understood. */
static int
encoding_of(const struct frames *f, size_t at, size_t end)
{
	const uint8_t *text, *nul;
	int encoding = 0;
	uint8_t version;

	if (end - at < 2)
		return -1;
	version = f->p[at++];
	text = f->p + at;
	nul = memchr(text, '\0', end - at);
	if ((version != 1 && version != 3) || nul == NULL || (*text != 'z' && *text != '\0'))
		return -1;
	at += (size_t)(nul - text) + 1;
	pass_number(f, &at, end);
	pass_number(f, &at, end);
	if (version == 1)
		at++;
	else
		pass_number(f, &at, end);
	if (*text == 'z')
		pass_number(f, &at, end);
	for (text += *text == 'z'; *text != '\0' && at < end; text++)
		switch (*text) {
		case 'R':
			encoding = f->p[at++];
			break;
		case 'L':
			at++;
			break;
		case 'P':
			/* One that is aligned is of no known size. */
			if (f->p[at] == 0x50)
				return -1;
			at += 1 + size_of(f, f->p[at]);
			break;
		case 'S':
		case 'B':
			break;
		default:
			return -1;
		}
	return at > end || size_of(f, encoding) == 0 ||
	    ((encoding & RELATIVE) != 0 && (encoding & RELATIVE) != FROM_FIELD) ? -1 : encoding;
}

/* The row of the FDE at an offset, whose CIE is at another; 0 when it is not understood. */
static int
row_of(struct frames *f, size_t at, size_t end, size_t cie, struct row *r)
{
	size_t size, len;
	uint64_t pc;

	if (f->cie != cie) {
		len = cie + 8 <= f->len ? number4(f, cie) : 0;
		f->cie = cie;
		f->encoding = len >= 4 && len <= f->len - cie - 4 && number4(f, cie + 4) == 0 ?
		    encoding_of(f, cie + 8, cie + 4 + len) : -1;
	}
	if (f->encoding < 0 || (size = size_of(f, f->encoding)) > end - (at + 8))
		return 0;
	pc = elf_number(f->p + at + 8, size, f->file->big);
	if ((f->encoding & SIGNED) != 0 && size < 8 && (pc >> (8 * size - 1) & 1) != 0)
		pc -= UINT64_C(1) << (8 * size);
	if ((f->encoding & RELATIVE) == FROM_FIELD)
		pc += f->address + at + 8;
	r->pc = (int64_t)(pc - f->address);
	r->fde = (int64_t)at;
	return r->pc >= INT32_MIN && r->pc <= INT32_MAX;
}

static int
by_pc(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return (x->pc > y->pc) - (x->pc < y->pc);
}

/* Lists the descriptions; how many, in *row, which the caller frees. */
static size_t
list(struct frames *f, struct row **row)
{
	size_t n = 0, room = 0, at = 0;
	struct row one;

	while (at + 8 <= f->len) {
		size_t len = number4(f, at), id = number4(f, at + 4);

		/* 0 ends it, and one of 64 bits no linker makes. */
		if (len < 4 || len > f->len - at - 4)
			break;
		if (id != 0 && id <= at + 4 && row_of(f, at, at + 4 + len, at + 4 - id, &one)) {
			if (array_grow(row, &room, n, sizeof(**row), ENTRIES_MAX) < 0)
				break;
			(*row)[n++] = one;
		}
		at += 4 + len;
	}
	if (n > 0)
		qsort(*row, n, sizeof(**row), by_pc);
	return n;
}

int
elf_unwind_scan(struct elf_unwind *u)
{
	struct frames f = { .file = u->file, .cie = UINT64_MAX };
	struct row *row = NULL;
	uint8_t *bytes = NULL;
	Elf64_Shdr s;
	size_t n = 0;

	if (elf_unwind_section(u->file, ".eh_frame", &s) && s.sh_size <= FRAMES_MAX &&
	    (s.sh_flags & SHF_COMPRESSED) == 0 && s.sh_type != SHT_NOBITS &&
	    elf_file_has(u->file, s.sh_offset, s.sh_size) &&
	    (bytes = malloc((size_t)s.sh_size + 1)) != NULL &&
	    elf_file_read(u->file, s.sh_offset, bytes, (size_t)s.sh_size)) {
		f.p = bytes;
		f.len = (size_t)s.sh_size;
		f.address = u->at = s.sh_addr;
		n = list(&f, &row);
	}
	if (n > 0 && (u->table = malloc(8 * n)) != NULL) {
		u->rows = n;
		for (size_t k = 0; k < n; k++) {
			elf_number_put(u->table + 8 * k, 4, f.file->big, (uint64_t)row[k].pc);
			elf_number_put(u->table + 8 * k + 4, 4, f.file->big,
			    (uint64_t)row[k].fde);
		}
	}
	free(row);
	free(bytes);
	return u->rows > 0 ? 0 : -1;
}
