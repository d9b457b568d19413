/* The threads of a core: their NT_PRSTATUS notes, one after the other, and the registers in those. */
#ifndef GZCORE_CORE_THREADS_H
#define GZCORE_CORE_THREADS_H

#include <stddef.h>
#include <stdint.h>

#include "core/core.h"
#include "stored/image.h"

/*
 * Where struct elf_prstatus (include/linux/elfcore.h) of a machine has what we want.  Registers are
 * counted as DWARF does for that machine, and in pr_reg by words.
 */
struct core_registers {
	uint16_t machine;	/* EM_ */
	uint8_t word;		/* bytes of a register: 4, 8 */
	uint8_t count;		/* words of pr_reg that are read */
	uint8_t pc;		/* the word with the program counter */
	uint8_t from, to;	/* DWARF registers [from, to) */
	uint8_t shift;		/* register r is word r + shift, unless order says otherwise */
	const uint8_t *order;
	uint8_t extra, extra_at; /* one more register, or 0, and its word */
	uint8_t sp, tp;		/* the words, as pc, with the stack and the thread pointer; tp 0: that is not among them */
	uint8_t link;		/* the word with what a call returns to; 0: that is on the stack */
};

/* The table of a machine, NULL when there is none. */
const struct core_registers *core_registers(uint16_t machine, int is64);

struct core_status {
	uint32_t tid;
	uint32_t signal;	/* pr_cursig */
	uint64_t registers;	/* offset of pr_reg in the core */
};

/* Where a walk over the notes is; all zeros at first. */
struct core_threads {
	int segment;		/* of notes */
	uint64_t at;		/* in it */
};

/* A note of the owner CORE: where its descriptor is in the core. */
struct core_note_at {
	uint32_t type;
	uint64_t at, len;
};

/* The next such note; 0 at the end. */
int core_note_next(struct core_threads *w, const struct core *c, struct image *i, struct core_note_at *n);

/*
 * The next thread of a core whose headers have been parsed, in the core's order: the one that crashed is
 * the first.  Returns 1, or 0 at the end, also that of what there is.
 */
int core_threads_next(struct core_threads *w, const struct core *c, struct image *i, struct core_status *t);

#endif
