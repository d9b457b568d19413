#include "core/match.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "elf/file.h"

#define PIECE (64u * 1024)

struct bytes {
	const struct core *core;
	struct image *image;
	const struct core_file *mapped;
	int fd;
	uint8_t *one, *other;	/* PIECE bytes each */
	struct match *m;
};

/*
 * Compares len bytes of the file, from offset, with the core's at an address, as far as it has
 * them; -1: differ.
 */
static int
compare(struct bytes *b, uint64_t offset, uint64_t address, uint64_t len)
{
	while (len > 0) {
		const struct core_load *l = core_load_at(b->core, address);
		uint64_t n = len < PIECE ? len : PIECE;
		ssize_t got, have;

		if (l == NULL) {
			/* To the next page, where a segment may begin. */
			n = 4096 - address % 4096;
			n = n < len ? n : len;
		} else {
			uint64_t in = address - l->vaddr;

			n = n < l->len - in ? n : l->len - in;
			got = image_read(b->image, l->offset + in, b->one, (size_t)n);
			have = io_pread(b->fd, b->other, (size_t)n, offset);
			if (got > 0 && have < got)
				got = have;
			for (ssize_t i = 0; i < got; i++) {
				if (b->one[i] != b->other[i]) {
					b->m->differs = address + (uint64_t)i;
					return -1;
				}
				b->m->compared++;
			}
		}
		offset += n;
		address += n;
		len -= n;
	}
	return 0;
}

/* Compares the segments that no process changes; -1: they differ. */
static int
compare_segments(struct bytes *b, struct elf_file *f)
{
	uint64_t bias = 0;
	Elf64_Phdr ph;
	int placed = 0;

	if (b->mapped == NULL)
		return 0;
	for (uint64_t i = 0; elf_file_segment(f, i, &ph); i++) {
		if (ph.p_type != PT_LOAD || ph.p_offset > INT64_MAX)
			continue;
		/* Where the file's first byte is mapped, the module begins. */
		if (!placed)
			bias = b->mapped->start - (ph.p_vaddr - ph.p_offset);
		placed = 1;
		if (f->head.e_type != ET_DYN && bias != 0) {
			b->m->differs = b->mapped->start;
			return -1;
		}
		if ((ph.p_flags & PF_W) == 0 &&
		    compare(b, ph.p_offset, bias + ph.p_vaddr, ph.p_filesz) < 0)
			return -1;
	}
	return 0;
}

static void
by_bytes(const struct core *c, struct image *image, const struct core_file *mapped,
    struct elf_file *f, struct match *m)
{
	struct bytes b = { .core = c, .image = image, .mapped = mapped, .fd = f->fd, .m = m };
	int rc = 0;

	b.one = io_buffer(PIECE);
	b.other = io_buffer(PIECE);
	if (b.one != NULL && b.other != NULL)
		rc = compare_segments(&b, f);
	if (rc < 0 || m->compared > 0) {
		m->evidence = MATCH_BYTES;
		m->verdict = rc < 0 ? MATCH_NO : MATCH_YES;
	}
	free(b.one);
	free(b.other);
}

/* Whether the file is of the core's machine. */
static int
of_the_kind(const struct core *c, const struct elf_file *f)
{
	return f->is64 == c->is64 && f->big == c->big && f->head.e_machine == c->machine;
}

enum elf_id_status
match_module(const struct core *c, struct image *image, const struct core_file *file, int fd,
    struct match *m)
{
	uint8_t head[ELF_ID_KIND_LEN];
	enum elf_id_status st;
	struct elf_file f;

	memset(m, 0, sizeof(*m));
	m->verdict = MATCH_UNKNOWN;
	m->evidence = MATCH_NOTHING;
	if (io_pread(fd, head, sizeof(head), 0) < (ssize_t)sizeof(head) ||
	    elf_id_kind(head, sizeof(head)) != ELF_ID_KIND_ELF)
		return ELF_ID_NOT_ELF;
	st = elf_id_read(fd, ELF_ID_SECTION, &m->file);
	if (st != ELF_ID_OK && st != ELF_ID_CUT && st != ELF_ID_TOO_LONG)
		return st;
	if (file != NULL)
		core_files_identity(file, &m->core);
	if (m->core.build_id_len > 0 && m->file.build_id_len > 0) {
		m->evidence = MATCH_BUILD_ID;
		m->verdict = m->core.build_id_len == m->file.build_id_len &&
			memcmp(m->core.build_id, m->file.build_id, m->core.build_id_len) == 0 ?
		    MATCH_YES :
		    MATCH_NO;
	} else if (m->core.has_note && m->file.has_note) {
		m->evidence = MATCH_UUID;
		m->verdict = memcmp(m->core.note, m->file.note, ELF_ID_UUID) == 0 ? MATCH_YES :
		    MATCH_NO;
	} else if ((st = elf_file_open(&f, fd)) != ELF_ID_OK) {
		/* It was an ELF file above: what cannot be read is no answer. */
		return st;
	} else if (of_the_kind(c, &f)) {
		by_bytes(c, image, file, &f, m);
	} else {
		m->evidence = MATCH_BYTES;
		m->verdict = MATCH_NO;
	}
	return ELF_ID_OK;
}

enum elf_id_status
match_file(const struct core *c, struct image *image, int fd, struct match *m)
{
	return match_module(c, image, c->exe, fd, m);
}
