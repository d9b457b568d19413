#include "core/threads.h"

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
	{ .machine = EM_X86_64, .word = 8, .count = 27, .pc = 16, .to = 17, .order = order_x86_64, .sp = 19, .tp = 21 },
	{ .machine = EM_386, .word = 4, .count = 17, .pc = 12, .to = 9, .order = order_386, .sp = 15 },
	/* X0 to X30, SP, PC. */
	{ .machine = EM_AARCH64, .word = 8, .count = 33, .pc = 32, .to = 32, .sp = 31, .link = 30 },
	{ .machine = EM_ARM, .word = 4, .count = 16, .pc = 15, .to = 16, .sp = 13, .link = 14 },
	/* The word of x0, which is no register, has the program counter. */
	{ .machine = EM_RISCV, .word = 8, .count = 32, .pc = 0, .from = 1, .to = 32, .sp = 2, .tp = 4, .link = 1 },
	/* The program status word, of two, then the general registers. */
	{ .machine = EM_S390, .word = 8, .count = 18, .pc = 1, .to = 16, .shift = 2, .sp = 17, .link = 16 },
	/* r0 to r31, nip, msr, orig_r3, ctr, link; DWARF's 65 is the link register. */
	{ .machine = EM_PPC64, .word = 8, .count = 37, .pc = 32, .to = 32, .extra = 65, .extra_at = 36, .sp = 1, .tp = 13,
		.link = 36 },
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
