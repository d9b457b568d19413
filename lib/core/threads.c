#include "core/threads.h"

#include <elf.h>
#include <string.h>

#include "elf/layout.h"
#include "elf/machine_table.h"

/* A note's header and the owner's name, such as "CORE", filled up to 8 bytes. */
#define NOTE_START (sizeof(Elf64_Nhdr) + 8)

const struct core_registers *
core_registers(uint16_t machine, int is64)
{
	const struct machine *m = machine_find(machine);

	return m != NULL && m->registers.word == elf_word_size(is64) ? &m->registers : NULL;
}

/* Reads what we want of the descriptor of a NT_PRSTATUS at offset; 0 when it is not there. */
static int
read_status(const struct core *c, struct image *i, uint64_t offset, uint64_t len,
    struct core_status *t)
{
	const struct machine_status *at = machine_status(c->machine, c->is64);
	uint8_t b[40];

	if (len < at->registers || image_read(i, offset, b, sizeof(b)) != sizeof(b))
		return 0;
	t->signal = (uint32_t)core_number(c, b + at->signal, 2);
	t->tid = (uint32_t)core_number(c, b + at->pid, 4);
	t->registers = offset + at->registers;
	return 1;
}

int
core_note_next_of(struct core_threads *w, const struct core *c, struct image *i,
    const char *owner, struct core_note_at *note)
{
	for (; w->segment < c->notes; w->segment++, w->at = 0) {
		const struct core_range *r = &c->note[w->segment];

		while (r->len - w->at >= NOTE_START) {
			uint64_t at = r->offset + w->at, left = r->len - w->at, name, size;
			uint8_t b[NOTE_START];
			Elf64_Nhdr h;

			if (image_read(i, at, b, sizeof(b)) != sizeof(b))
				break;
			/* The sizes have 32 bits each, so their sum fits into 64. */
			elf_nhdr_get(&h, b, c->big);
			name = sizeof(h) + (((uint64_t)h.n_namesz + 3) & ~(uint64_t)3);
			*note = (struct core_note_at){ .type = h.n_type, .at = at + name,
			    .len = h.n_descsz };
			size = name + ((note->len + 3) & ~(uint64_t)3);
			w->at = size < left ? w->at + size : r->len;
			if (name == NOTE_START &&
			    memcmp(b + sizeof(h), owner, strlen(owner) + 1) == 0 &&
			    name + note->len <= left)
				return 1;
		}
	}
	return 0;
}

int
core_note_next(struct core_threads *w, const struct core *c, struct image *i,
    struct core_note_at *note)
{
	return core_note_next_of(w, c, i, "CORE", note);
}

int
core_threads_next(struct core_threads *w, const struct core *c, struct image *i,
    struct core_status *t)
{
	struct core_note_at note;

	while (core_note_next(w, c, i, &note))
		if (note.type == NT_PRSTATUS && read_status(c, i, note.at, note.len, t))
			return 1;
	return 0;
}
