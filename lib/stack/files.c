#include "stack/files.h"

#include <elfutils/libdwelf.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/io.h"
#include "core/files.h"
#include "core/read.h"
#include "elf/id.h"
#include "elf/layout.h"

/* The most files that are remembered: a core may name very many that are not there. */
#define MOST 4096
#define PIECE 4096u
/* Compare at most this many bytes of a file. */
#define ENOUGH (1024u * 1024)

/* What is compared. */
struct both {
	const struct core *core;
	struct image *image;
	Elf *elf;
	uint64_t bias;
	uint64_t compared;		/* bytes that are the same */
};

void
trace_files_close(struct trace_files *f)
{
	for (size_t k = 0; k < f->count; k++)
		free(f->entry[k].path);
	free(f->entry);
	memset(f, 0, sizeof(*f));
}

void
trace_files_add(struct trace_files *f, const char *path, int why)
{
	struct trace_files_entry *e;

	if (trace_files_why(f, path) != 0)
		return;
	if (ARRAY_GROW(f->entry, f->room, f->count, MOST) < 0) {
		f->none |= why == TRACE_FILES_OTHER;
		return;
	}
	e = &f->entry[f->count];
	*e = (struct trace_files_entry){ .path = strdup(path), .why = why };
	if (e->path != NULL)
		f->count++;
	else
		f->none |= why == TRACE_FILES_OTHER;
}

int
trace_files_why(const struct trace_files *f, const char *path)
{
	for (size_t k = 0; k < f->count; k++)
		if (strcmp(f->entry[k].path, path) == 0)
			return f->entry[k].why;
	return 0;
}

const char *
trace_files_words(int why)
{
	return why == TRACE_FILES_OTHER ? "not the file that the process had" : strerror(why);
}

int
trace_files_other_build(const struct core_file *file, const char *path)
{
	struct elf_id in_core, in_file;
	int fd, other = 0;

	core_files_identity(file, &in_core);
	if (in_core.build_id_len == 0 || (fd = io_open_regular(path, 1)) < 0)
		return 0;
	if (elf_id_read(fd, ELF_ID_SECTION, &in_file) == ELF_ID_OK && in_file.build_id_len > 0)
		other = in_file.build_id_len != in_core.build_id_len ||
		    memcmp(in_file.build_id, in_core.build_id, in_core.build_id_len) != 0;
	io_close(fd);
	return other;
}

static const uint8_t *
file_bytes(const struct both *b, uint64_t offset, size_t len)
{
	Elf_Data *d = offset > INT64_MAX ? NULL :
	    elf_getdata_rawchunk(b->elf, (int64_t)offset, len, ELF_T_BYTE);

	return d != NULL && d->d_size == len ? d->d_buf : NULL;
}

/* Compares what the core has of a segment that is not changed after it is mapped; -1: they differ. */
static int
compare_segment(struct both *b, const GElf_Phdr *ph, uint64_t most)
{
	uint64_t len = ph->p_filesz < most ? ph->p_filesz : most, n;
	uint8_t buf[PIECE];

	for (uint64_t at = 0; at < len && b->compared < ENOUGH; at += n) {
		uint64_t address = b->bias + ph->p_vaddr + at;
		const uint8_t *p;
		size_t got;

		/* To the next page, where a segment of the core may begin. */
		n = PIECE - address % PIECE;
		n = n < len - at ? n : len - at;
		if ((got = core_read_at(b->core, b->image, address, buf, (size_t)n)) == 0)
			continue;
		if ((p = file_bytes(b, ph->p_offset + at, got)) == NULL || memcmp(p, buf, got) != 0)
			return -1;
		b->compared += got;
	}
	return 0;
}

/*
 * Compares the dynamic section, which is in every core: a word is as in the file, or as the dynamic linker made
 * it: moved by the bias.  Whether text is relocated in *changes.  -1: they differ.
 */
static int
compare_dynamic(struct both *b, const GElf_Phdr *ph, int *changes)
{
	size_t word = elf_word_size(b->core->is64), n, got;
	uint64_t mask = b->core->is64 ? UINT64_MAX : UINT32_MAX;
	uint8_t buf[PIECE];
	const uint8_t *p;

	n = ph->p_filesz < sizeof(buf) ? (size_t)ph->p_filesz / (2 * word) * 2 * word : sizeof(buf);
	if (n == 0 || (p = file_bytes(b, ph->p_offset, n)) == NULL)
		return 0;
	got = core_read_at(b->core, b->image, b->bias + ph->p_vaddr, buf, n);
	for (size_t at = 0; at + 2 * word <= n; at += 2 * word) {
		uint64_t tag = core_number(b->core, p + at, word),
		    value = core_number(b->core, p + at + word, word), now;

		if (tag == DT_NULL)
			break;
		*changes |= tag == DT_TEXTREL || (tag == DT_FLAGS && (value & DF_TEXTREL) != 0);
		if (at + 2 * word > got)
			continue;
		now = core_number(b->core, buf + at + word, word);
		if (core_number(b->core, buf + at, word) != tag)
			return -1;
		if (tag != DT_DEBUG && now != value && now != ((value + b->bias) & mask))
			return -1;
		b->compared += 2 * word;
	}
	return 0;
}

/* Whether the two are of the same class, byte order and machine. */
static int
same_kind(const struct core *c, Elf *elf)
{
	GElf_Ehdr eh;

	return gelf_getehdr(elf, &eh) != NULL && (eh.e_ident[EI_CLASS] == ELFCLASS64) == c->is64 &&
	    (eh.e_ident[EI_DATA] == ELFDATA2MSB) == c->big && eh.e_machine == c->machine;
}

static enum trace_files_verdict
same_bytes(struct both *b)
{
	int changes = 0;
	size_t count;
	GElf_Phdr ph;

	if (elf_getphdrnum(b->elf, &count) != 0)
		return TRACE_FILES_WRONG;
	for (size_t k = 0; k < count && gelf_getphdr(b->elf, (int)k, &ph) != NULL; k++)
		if (ph.p_type == PT_DYNAMIC && compare_dynamic(b, &ph, &changes) < 0)
			return TRACE_FILES_WRONG;
	for (size_t k = 0; k < count && gelf_getphdr(b->elf, (int)k, &ph) != NULL; k++) {
		if (ph.p_type != PT_LOAD || (ph.p_flags & PF_W) != 0)
			continue;
		/* Relocations of text leave the headers alone. */
		if ((!changes || ph.p_offset == 0) &&
		    compare_segment(b, &ph, changes ? PIECE : UINT64_MAX) < 0)
			return TRACE_FILES_WRONG;
	}
	return b->compared > 0 ? TRACE_FILES_SAME : TRACE_FILES_UNSURE;
}

enum trace_files_verdict
trace_files_same(const struct core *c, struct image *i, Elf *elf, uint64_t bias, uint64_t start,
    int strict)
{
	struct both b = { .core = c, .image = i, .elf = elf, .bias = bias };
	const struct core_file *file = core_files_at(&c->files, start);
	struct elf_id id = { .build_id_len = 0 };
	const void *bits;
	ssize_t len;

	if (file != NULL)
		core_files_identity(file, &id);
	if (id.build_id_len > 0) {
		len = dwelf_elf_gnu_build_id(elf, &bits);
		return len > 0 && (size_t)len == id.build_id_len &&
		    memcmp(bits, id.build_id, id.build_id_len) == 0 ? TRACE_FILES_SAME :
		    TRACE_FILES_WRONG;
	}
	return strict || !same_kind(c, elf) ? TRACE_FILES_WRONG : same_bytes(&b);
}
