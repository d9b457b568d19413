#include "elf/id.h"

#include <elf.h>
#include <string.h>

#include "elf/file.h"
#include "elf/layout.h"

/* The type of a note of package metadata, whose owner is FDO. */
#define PACKAGE_METADATA 0xcafe1a7e

/* The most bytes of notes that are looked at: a linker makes a few hundred. */
#define NOTES_MAX (4u * 1024 * 1024)
/* The longest owner of a note that we know, bytes with the terminator. */
#define OWNER_MAX 8u

/* Whether a note is of that owner and type. */
static int
is_note(const Elf64_Nhdr *n, const uint8_t *owner, const char *of, uint32_t type)
{
	size_t len = strlen(of) + 1;

	return n->n_type == type && n->n_namesz == len && memcmp(owner, of, len) == 0;
}

/* Takes what a note says of the identity; its descriptor is in the file, at that offset. */
static void
take_note(const struct elf_file *f, const Elf64_Nhdr *n, const uint8_t owner[OWNER_MAX],
    uint64_t at, struct elf_id *id)
{
	if (is_note(n, owner, "GNU", NT_GNU_BUILD_ID) && id->build_id_len == 0 &&
	    n->n_descsz <= ELF_ID_BUILD_ID_MAX) {
		if (elf_file_read(f, at, id->build_id, n->n_descsz))
			id->build_id_len = n->n_descsz;
	} else if (is_note(n, owner, ELF_ID_OWNER, ELF_ID_TYPE) && !id->has_note &&
	    n->n_descsz == ELF_ID_UUID) {
		id->has_note = elf_file_read(f, at, id->note, ELF_ID_UUID);
	} else if (is_note(n, owner, "FDO", PACKAGE_METADATA) && id->package_len == 0 &&
	    n->n_descsz <= ELF_ID_PACKAGE_MAX) {
		if (elf_file_read(f, at, id->package, n->n_descsz))
			id->package_len = strnlen(id->package, n->n_descsz);
	}
}

static uint64_t
align_up(uint64_t n, uint64_t align)
{
	return (n + align - 1) / align * align;
}

/*
 * Looks through size bytes of notes, at most NOTES_MAX, so that no sum of these sizes is over 64
 * bits.
 */
static void
read_notes(struct elf_file *f, uint64_t offset, uint64_t size, uint64_t alignment,
    struct elf_id *id)
{
	size_t head = elf_header_size(ELF_NHDR, f->is64);
	uint64_t align = alignment == 8 ? 8 : 4;

	if (!elf_file_has(f, offset, size))
		return;
	for (uint64_t at = 0; at < size && size - at >= head;) {
		const uint8_t *b = elf_file_look(f, &f->strings, offset + at, head);
		uint8_t owner[OWNER_MAX];
		Elf64_Nhdr n;
		uint64_t desc;

		if (b == NULL)
			return;
		elf_nhdr_get(&n, b, f->big);
		desc = align_up(at + head + n.n_namesz, align);
		if (desc > size || n.n_descsz > size - desc)
			return;
		if (n.n_namesz <= OWNER_MAX) {
			if ((b = elf_file_look(f, &f->strings, offset + at + head,
			    n.n_namesz)) == NULL)
				return;
			memcpy(owner, b, n.n_namesz);
			take_note(f, &n, owner, offset + desc, id);
		}
		at = align_up(desc + n.n_descsz, align);
	}
}

/* Notes by program headers: what a loaded image and a file without sections have. */
static void
read_segments(struct elf_file *f, struct elf_id *id, uint64_t *room)
{
	Elf64_Phdr p;

	for (uint64_t i = 0; elf_file_segment(f, i, &p); i++) {
		if (p.p_type != PT_NOTE || p.p_filesz > *room)
			continue;
		*room -= p.p_filesz;
		read_notes(f, p.p_offset, p.p_filesz, p.p_align, id);
	}
}

static enum elf_id_status
read_section(const struct elf_file *f, const Elf64_Shdr *s, struct elf_id *id)
{
	if (s->sh_type == SHT_NOBITS || s->sh_size == 0)
		return ELF_ID_OK;
	if (s->sh_size > ELF_ID_SECTION_MAX)
		return ELF_ID_TOO_LONG;
	if (!elf_file_read(f, s->sh_offset, id->section, (size_t)s->sh_size))
		return elf_id_malformed("a section is past the end of the file");
	id->section_len = (size_t)s->sh_size;
	return ELF_ID_OK;
}

/*
 * Finds how many bytes of the table of names are before its last terminator, with it: names start
 * there.
 */
static uint64_t
names_end(struct elf_file *f, const Elf64_Shdr *names)
{
	if (names->sh_type != SHT_STRTAB || !elf_file_has(f, names->sh_offset, names->sh_size))
		return 0;
	for (uint64_t left = names->sh_size; left > 0;) {
		size_t n = left < ELF_FILE_WINDOW ? (size_t)left : ELF_FILE_WINDOW;
		const uint8_t *b = elf_file_look(f, &f->strings, names->sh_offset + (left - n), n);

		if (b == NULL)
			return 0;
		for (; n > 0; n--, left--)
			if (b[n - 1] == '\0')
				return left;
	}
	return 0;
}

static int
is_named(struct elf_file *f, const Elf64_Shdr *names, uint64_t end, uint64_t at, const char *name)
{
	size_t len = strlen(name) + 1;
	const uint8_t *b;

	if (len > end - at)
		return 0;
	b = elf_file_look(f, &f->strings, names->sh_offset + at, len);
	return b != NULL && memcmp(b, name, len) == 0;
}

static enum elf_id_status
read_sections(struct elf_file *f, const char *section, struct elf_id *id, uint64_t *room)
{
	enum elf_id_status st = ELF_ID_OK;
	Elf64_Shdr names = { .sh_size = 0 }, s;
	uint64_t end = 0;

	if (f->names != SHN_UNDEF && elf_file_section(f, f->names, &names))
		end = names_end(f, &names);
	/* The first section is none. */
	for (uint64_t i = 1; i < f->sections; i++) {
		if (!elf_file_section(f, i, &s))
			return elf_id_malformed("a section header is past the end of the file");
		if (s.sh_type == SHT_NOTE && s.sh_size <= *room &&
		    (s.sh_flags & SHF_COMPRESSED) == 0) {
			*room -= s.sh_size;
			read_notes(f, s.sh_offset, s.sh_size, s.sh_addralign, id);
		}
		if (f->names == SHN_UNDEF)
			continue;
		if (s.sh_name >= end)
			return elf_id_malformed("a section's name is not in the table of names");
		if (id->section_len == 0 && st == ELF_ID_OK &&
		    is_named(f, &names, end, s.sh_name, section) &&
		    (st = read_section(f, &s, id)) == ELF_ID_MALFORMED)
			return st;
	}
	return st;
}

enum elf_id_status
elf_id_read(int fd, const char *section, struct elf_id *id)
{
	uint64_t room = NOTES_MAX;
	enum elf_id_status st;
	struct elf_file f;

	memset(id, 0, sizeof(*id));
	if ((st = elf_file_open(&f, fd)) != ELF_ID_OK)
		return st;
	if (!elf_file_has(&f, f.head.e_shoff, f.sections * f.head.e_shentsize))
		st = ELF_ID_CUT;
	else
		st = read_sections(&f, section, id, &room);
	read_segments(&f, id, &room);
	return st;
}

enum elf_id_status
elf_id_image(const uint8_t *image, size_t len, struct elf_id *id)
{
	uint64_t room = NOTES_MAX;
	enum elf_id_status st;
	struct elf_file f;

	memset(id, 0, sizeof(*id));
	if ((st = elf_file_memory(&f, image, len)) == ELF_ID_OK)
		read_segments(&f, id, &room);
	return st;
}
