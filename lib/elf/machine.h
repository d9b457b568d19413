/* The machines that cores come from: their names, and their registers. */
#ifndef GZCORE_ELF_MACHINE_H
#define GZCORE_ELF_MACHINE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The general registers in pr_reg of struct elf_prstatus (include/linux/elfcore.h), counted by
 * words.  DWARF numbers the registers of each machine in its own way.
 */
struct core_registers {
	uint16_t machine;	/* EM_ */
	/* bytes of a register: 4, 8; 0: the table has no registers of this machine */
	uint8_t word;
	uint8_t count;		/* words of pr_reg that are read */
	uint8_t pc;		/* the word with the program counter */
	uint8_t from, to;	/* DWARF registers [from, to) */
	uint8_t shift;		/* register r is word r + shift, unless order says otherwise */
	const uint8_t *order;
	uint8_t extra, extra_at; /* one more register, or 0, and its word */
	/* the words, as pc, with the stack and the thread pointer; tp 0: that is not among them */
	uint8_t sp, tp;
	uint8_t link;		/* the word with what a call returns to; 0: that is on the stack */
	/* the low bits of what a call returns to that are no part of the address */
	uint8_t pc_bits;
};

/*
 * "x86-64" for EM_X86_64 of elf.h, a file's e_machine; NULL for a machine that is not known here.
 */
const char *machine_name(unsigned number);

#ifdef __cplusplus
}
#endif

#endif
