#include "elf/register_names.h"

#include <elf.h>

/*
 * The order in memory is that of each machine's struct user_regs_struct or pt_regs (Linux, arch/
 * and include/uapi/asm/ptrace.h).
 */
static const struct register_name of_x86_64[] = {
	{ "rax", 10 }, { "rbx", 5 }, { "rcx", 11 }, { "rdx", 12 }, { "rsi", 13 },
	{ "rdi", 14 }, { "rbp", 4 }, { "rsp", 19 }, { "r8", 9 }, { "r9", 8 }, { "r10", 7 },
	{ "r11", 6 }, { "r12", 3 }, { "r13", 2 }, { "r14", 1 }, { "r15", 0 }, { "rip", 16 },
	{ "eflags", 18 }, { "cs", 17 }, { "ss", 20 }, { "ds", 23 }, { "es", 24 }, { "fs", 25 },
	{ "gs", 26 }, { "fs_base", 21 }, { "gs_base", 22 }, { NULL, 0 }
};
static const struct register_name of_i386[] = {
	{ "eax", 6 }, { "ecx", 1 }, { "edx", 2 }, { "ebx", 0 }, { "esp", 15 }, { "ebp", 5 },
	{ "esi", 3 }, { "edi", 4 }, { "eip", 12 }, { "eflags", 14 }, { "cs", 13 },
	{ "ss", 16 }, { "ds", 7 }, { "es", 8 }, { "fs", 9 }, { "gs", 10 }, { NULL, 0 }
};
static const struct register_name of_aarch64[] = {
	{ "x0", 0 }, { "x1", 1 }, { "x2", 2 }, { "x3", 3 }, { "x4", 4 }, { "x5", 5 },
	{ "x6", 6 }, { "x7", 7 }, { "x8", 8 }, { "x9", 9 }, { "x10", 10 }, { "x11", 11 },
	{ "x12", 12 }, { "x13", 13 }, { "x14", 14 }, { "x15", 15 }, { "x16", 16 },
	{ "x17", 17 }, { "x18", 18 }, { "x19", 19 }, { "x20", 20 }, { "x21", 21 },
	{ "x22", 22 }, { "x23", 23 }, { "x24", 24 }, { "x25", 25 }, { "x26", 26 },
	{ "x27", 27 }, { "x28", 28 }, { "x29", 29 }, { "x30", 30 }, { "sp", 31 }, { "pc", 32 },
	{ "cpsr", 33 }, { NULL, 0 }
};
static const struct register_name of_arm[] = {
	{ "r0", 0 }, { "r1", 1 }, { "r2", 2 }, { "r3", 3 }, { "r4", 4 }, { "r5", 5 },
	{ "r6", 6 }, { "r7", 7 }, { "r8", 8 }, { "r9", 9 }, { "r10", 10 }, { "r11", 11 },
	{ "r12", 12 }, { "sp", 13 }, { "lr", 14 }, { "pc", 15 }, { "cpsr", 16 }, { NULL, 0 }
};
static const struct register_name of_riscv[] = {
	{ "ra", 1 }, { "sp", 2 }, { "gp", 3 }, { "tp", 4 }, { "t0", 5 }, { "t1", 6 },
	{ "t2", 7 }, { "fp", 8 }, { "s1", 9 }, { "a0", 10 }, { "a1", 11 }, { "a2", 12 },
	{ "a3", 13 }, { "a4", 14 }, { "a5", 15 }, { "a6", 16 }, { "a7", 17 }, { "s2", 18 },
	{ "s3", 19 }, { "s4", 20 }, { "s5", 21 }, { "s6", 22 }, { "s7", 23 }, { "s8", 24 },
	{ "s9", 25 }, { "s10", 26 }, { "s11", 27 }, { "t3", 28 }, { "t4", 29 }, { "t5", 30 },
	{ "t6", 31 }, { "pc", 0 }, { NULL, 0 }
};
static const struct register_name of_s390[] = {
	{ "pswm", 0 }, { "pswa", 1 }, { "r0", 2 }, { "r1", 3 }, { "r2", 4 }, { "r3", 5 },
	{ "r4", 6 }, { "r5", 7 }, { "r6", 8 }, { "r7", 9 }, { "r8", 10 }, { "r9", 11 },
	{ "r10", 12 }, { "r11", 13 }, { "r12", 14 }, { "r13", 15 }, { "r14", 16 },
	{ "r15", 17 }, { NULL, 0 }
};
static const struct register_name of_ppc64[] = {
	{ "r0", 0 }, { "r1", 1 }, { "r2", 2 }, { "r3", 3 }, { "r4", 4 }, { "r5", 5 },
	{ "r6", 6 }, { "r7", 7 }, { "r8", 8 }, { "r9", 9 }, { "r10", 10 }, { "r11", 11 },
	{ "r12", 12 }, { "r13", 13 }, { "r14", 14 }, { "r15", 15 }, { "r16", 16 },
	{ "r17", 17 }, { "r18", 18 }, { "r19", 19 }, { "r20", 20 }, { "r21", 21 },
	{ "r22", 22 }, { "r23", 23 }, { "r24", 24 }, { "r25", 25 }, { "r26", 26 },
	{ "r27", 27 }, { "r28", 28 }, { "r29", 29 }, { "r30", 30 }, { "r31", 31 },
	{ "pc", 32 }, { "msr", 33 }, { "cr", 38 }, { "lr", 36 }, { "ctr", 35 }, { "xer", 37 },
	{ NULL, 0 }
};

const struct register_name *
elf_register_names(unsigned machine)
{
	static const struct {
		unsigned machine;
		const struct register_name *list;
	} lists[] = { { EM_X86_64, of_x86_64 }, { EM_386, of_i386 }, { EM_AARCH64, of_aarch64 },
		{ EM_ARM, of_arm }, { EM_RISCV, of_riscv }, { EM_S390, of_s390 },
		{ EM_PPC64, of_ppc64 } };

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		if (lists[i].machine == machine)
			return lists[i].list;
	return NULL;
}
