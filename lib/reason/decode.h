/*
 * What the instruction does that a thread stopped at: whether it reads or writes memory, and where.
 * Not a disassembler: what is not known is said to be so.
 */
#ifndef GZCORE_REASON_DECODE_H
#define GZCORE_REASON_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "core/core.h"
#include "elf/machine_table.h"

/* The most bytes of an instruction. */
#define REASON_CODE 16

enum reason_kind {
	REASON_NONE,		/* not known, or nothing with memory */
	REASON_READ,
	REASON_WRITE,
	REASON_UPDATE		/* reads, then writes the same place */
};

/* What else an instruction is. */
enum reason_special {
	REASON_PLAIN,
	REASON_TRAP,		/* there is none: made to stop the program */
	REASON_BREAKPOINT,
	REASON_PRIVILEGED,	/* the kernel alone may run it */
	REASON_RETURN,
	REASON_CALL,		/* to what the first access has, or to target */
	REASON_JUMP,
	REASON_DIVIDE
};

struct reason_access {
	enum reason_kind kind;
	int has_address;
	uint64_t address;
	/* The registers that make the address, if there are any. */
	int has_base, has_index;
	uint64_t base, index;
	int in_register;	/* of x86, by that number, is the base */
	unsigned number;
	int on_stack;		/* the base is the stack pointer */
	unsigned aligned;	/* the address must be a multiple of it; 0: any */
};

struct reason_code {
	enum reason_special special;
	const char *name;	/* of what is special, or NULL */
	struct reason_access access[2];	/* in the order in which they are done */
	size_t accesses;
	int has_target;		/* target is what a register has for it */
	uint64_t target;
	/* REASON_DIVIDE: the divisor, if it is in a register; otherwise the access reads it */
	int has_divisor, is_signed;
	uint64_t divisor;
	unsigned divisor_size;	/* bytes */
};

/* The registers of the crashed thread, words as in pr_reg. */
struct reason_registers {
	unsigned count;
	uint64_t word[CORE_REGISTERS / 4];
	uint64_t pc, sp;
	int has;		/* pc and sp are there */
};

/* Which instructions the core's machine has. */
enum machine_code reason_machine(const struct core *c);

/* Reads them from the core's first thread. */
void reason_registers_read(struct reason_registers *r, const struct core *c);

/* Decodes code[len], the bytes at the pc; all zeros for a machine that is not known here. */
void reason_decode(struct reason_code *d, const struct core *c, const struct reason_registers *r,
    const uint8_t *code, size_t len);

/* Whether code[len] has the length of one instruction that calls. */
int reason_is_call(const struct core *c, const uint8_t *code, size_t len);

/* The machines; decode.c asks them.  d is all zeros before. */
void reason_decode_x86(struct reason_code *d, const struct reason_registers *r, int is64,
    const uint8_t *code, size_t len);
void reason_decode_aarch64(struct reason_code *d, const struct reason_registers *r, uint32_t insn);
void reason_decode_arm(struct reason_code *d, const struct reason_registers *r,
    const uint8_t *code, size_t len);

/* Adds an access; returns it, all zeros but for the kind. */
struct reason_access *reason_access_add(struct reason_code *d, enum reason_kind kind);

#endif
