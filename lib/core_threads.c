#include "core_threads.h"

#include <elf.h>
#include <string.h>

#define NOTE_HEAD 12u
/* The header and the owner's name, "CORE" filled up to a multiple of 4. */
#define NOTE_START (NOTE_HEAD + 8u)

/* struct user_regs_struct of arch/x86/include/asm/user_64.h; DWARF: the x86-64 psABI, figure 3.36. */
static const uint8_t order_x86_64[] = { 10, 12, 11, 5, 13, 14, 4, 19, 9, 8, 7, 6, 3, 2, 1, 0, 16 };
/* user_32.h; DWARF: the i386 psABI, table 2.14. */
static const uint8_t order_386[] = { 6, 1, 2, 0, 15, 5, 3, 4, 12 };

static const struct core_registers registers[] = {
	{ EM_X86_64, 8, 27, 16, 0, 17, 0, order_x86_64, 0, 0, 19, 21 },
	{ EM_386, 4, 17, 12, 0, 9, 0, order_386, 0, 0, 15, 0 },
	/* X0 to X30, SP, PC. */
	{ EM_AARCH64, 8, 33, 32, 0, 32, 0, NULL, 0, 0, 31, 0 },
	{ EM_ARM, 4, 16, 15, 0, 16, 0, NULL, 0, 0, 13, 0 },
	/* The word of x0, which is no register, has the program counter. */
	{ EM_RISCV, 8, 32, 0, 1, 32, 0, NULL, 0, 0, 2, 4 },
	/* The program status word, of two, then the general registers. */
	{ EM_S390, 8, 18, 1, 0, 16, 2, NULL, 0, 0, 17, 0 },
	/* r0 to r31, nip, msr, orig_r3, ctr, link; DWARF's 65 is the link register. */
	{ EM_PPC64, 8, 37, 32, 0, 32, 0, NULL, 65, 36, 1, 13 },
};

const struct core_registers *
core_registers(uint16_t machine, int is64)
{
	for (size_t k = 0; k < sizeof(registers) / sizeof(*registers); k++)
		if (registers[k].machine == machine && registers[k].word == (is64 ? 8 : 4))
			return &registers[k];
	return NULL;
}

/* Reads what we want of the descriptor of a NT_PRSTATUS at offset; 0 when it is not there. */
static int
read_status(const struct core *c, struct image *i, uint64_t offset, uint64_t len, struct core_status *t)
{
	uint64_t pid = core_status_pid(c), reg = c->is64 ? 112 : 72;
	uint8_t b[40];

	if (len < reg || image_read(i, offset, b, sizeof(b)) != sizeof(b))
		return 0;
	t->signal = (uint32_t)core_number(c, b + 12, 2);
	t->tid = (uint32_t)core_number(c, b + pid, 4);
	t->registers = offset + reg;
	return 1;
}

int
core_note_next(struct core_threads *w, const struct core *c, struct image *i, struct core_note_at *note)
{
	for (; w->segment < c->notes; w->segment++, w->at = 0) {
		const struct core_range *r = &c->note[w->segment];

		while (r->len - w->at >= NOTE_START) {
			uint64_t at = r->offset + w->at, left = r->len - w->at, name, size;
			uint8_t b[NOTE_START];

			if (image_read(i, at, b, sizeof(b)) != sizeof(b))
				break;
			/* Of 32 bits each, so that their sum is one of 64. */
			name = NOTE_HEAD + ((core_number(c, b, 4) + 3) & ~(uint64_t)3);
			note->len = core_number(c, b + 4, 4);
			note->type = (uint32_t)core_number(c, b + 8, 4);
			note->at = at + name;
			size = name + ((note->len + 3) & ~(uint64_t)3);
			w->at = size < left ? w->at + size : r->len;
			if (name == NOTE_START && memcmp(b + NOTE_HEAD, "CORE", 5) == 0 &&
			    name + note->len <= left)
				return 1;
		}
	}
	return 0;
}

int
core_threads_next(struct core_threads *w, const struct core *c, struct image *i, struct core_status *t)
{
	struct core_note_at note;

	while (core_note_next(w, c, i, &note))
		if (note.type == NT_PRSTATUS && read_status(c, i, note.at, note.len, t))
			return 1;
	return 0;
}
