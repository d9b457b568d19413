/* An instruction of x86 as it is read: its prefixes, opcode and operand. */
#ifndef GZCORE_REASON_X86_H
#define GZCORE_REASON_X86_H

#include "reason/decode.h"

/* Registers by their numbers in instructions. */
enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

struct reason_x86 {
	struct reason_code *out;
	const struct reason_registers *r;
	int is64;
	const uint8_t *start, *p, *end;
	uint8_t prefix, rep, segment, rex;	/* 66; f2 or f3; fs or gs; 0: none */
	int vex, evex, wide, cut;	/* cut: not all of it is there */
	unsigned vector;		/* bytes of a register of VEX or EVEX */
	unsigned map;			/* 1: one byte, 2: behind 0f, 3: 0f 38, 4: 0f 3a */
	uint8_t opcode, modrm;
	struct reason_access operand;	/* of modrm, kind not yet said */
};

/* Reads prefixes and the opcode; 0 when it is not there. */
int reason_x86_opcode(struct reason_x86 *d);

/* Reads modrm and the operand in memory; 0 when it is a register, or is not there. */
int reason_x86_operand(struct reason_x86 *d);

/* The next n bytes as a number with a sign; 0, and the end, when they are not there. */
int64_t reason_x86_number(struct reason_x86 *d, size_t n);

/* The value of a register. */
uint64_t reason_x86_register(const struct reason_x86 *d, unsigned number);
/* The address, cut to the size that addresses have. */
uint64_t reason_x86_wrap(const struct reason_x86 *d, uint64_t address);
/* The base of the instruction's segment, 0 when it names none; *known is 0 when the core has no base. */
uint64_t reason_x86_segment(const struct reason_x86 *d, int *known);

#endif
