/*
 * All that differs between the processors that cores come from: a table with an entry for each, in
 * machine_table.c.
 */
#ifndef GZCORE_ELF_MACHINE_TABLE_H
#define GZCORE_ELF_MACHINE_TABLE_H

#include <stdint.h>

#include "elf/machine.h"
#include "elf/register_names.h"

/* Where struct elf_prstatus has what we want, bytes. */
struct machine_status {
	uint8_t signal, pid, registers;	/* pr_cursig, of 2 bytes; pr_pid, of 4; pr_reg */
};

/*
 * A condition for a word in memory: after the mask it is value, or else, unless that is 0, the
 * other.
 */
struct machine_word {
	uint8_t back;		/* how many words before the last one of the pattern */
	uint64_t mask, value, other;
};

/* A pattern that shows a saved signal context on a stack, by its words. */
#define MACHINE_CONTEXT_WORDS 3
struct machine_context {
	uint8_t words;		/* conditions, all of which hold; 0: no pattern is known */
	uint8_t sp;		/* how many words before the last the stack pointer is */
	struct machine_word word[MACHINE_CONTEXT_WORDS];
};

/*
 * What a signal handler returns to, and where the kernel has put the registers of what it interrupted: as words at an
 * offset from the stack pointer that is left when the handler has returned.
 */
struct machine_sigreturn {
	const uint8_t *code;	/* its first bytes; NULL: only call frame information tells */
	uint8_t code_len;
	uint8_t registers;	/* the offset, bytes */
	const uint8_t *order;	/* the word of each DWARF register that registers has */
	uint8_t pc;		/* the word of the program counter */
};
/* The instructions that lib/reason understands. */
enum machine_code { MACHINE_CODE_OTHER, MACHINE_CODE_X86, MACHINE_CODE_AARCH64, MACHINE_CODE_ARM };

struct machine {
	uint16_t number;	/* EM_ of elf.h: e_machine */
	const char *name;
	uint8_t small_pages;	/* Linux has pages of 4 KiB there, and no larger ones */
	uint8_t code_first;	/* siginfo_t has si_code before si_errno */
	const struct machine_status *status;	/* NULL: that of the class */
	struct core_registers registers;
	struct machine_context context;
	struct machine_sigreturn sigreturn;
	enum machine_code code;
	const struct register_name *names;	/* of its registers, or NULL */
};

/* The entry of a machine, or NULL for one that is not known here. */
const struct machine *machine_find(unsigned number);

/* Where a core's struct elf_prstatus has what we want; any machine. */
const struct machine_status *machine_status(unsigned number, int is64);

#endif
