#include "elf/machine_table.h"

#include <elf.h>
#include <stddef.h>

/*
 * struct elf_siginfo, a short, and two masks of a word each stand before pr_pid; three more numbers
 * and four times follow.
 */
static const struct machine_status status_64 = { .signal = 12, .pid = 32, .registers = 112 };
static const struct machine_status status_32 = { .signal = 12, .pid = 24, .registers = 72 };
/* m68k aligns to 2 bytes. */
static const struct machine_status status_68k = { .signal = 12, .pid = 22, .registers = 70 };

/*
 * struct user_regs_struct of arch/x86/include/asm/user_64.h; DWARF: the x86-64 psABI, figure 3.36.
 */
static const uint8_t order_x86_64[] = { 10, 12, 11, 5, 13, 14, 4, 19, 9, 8, 7, 6, 3, 2, 1, 0, 16 };
/* struct sigcontext_64 of arch/x86/include/uapi/asm/sigcontext.h, of whose ucontext 40 bytes stand before it. */
static const uint8_t interrupted_x86_64[] = { 13, 12, 14, 11, 9, 8, 10, 15, 0, 1, 2, 3, 4, 5, 6, 7,
	16 };
/* mov $15 (rt_sigreturn), %rax; syscall. */
static const uint8_t sigreturn_x86_64[] = { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05 };
/* user_32.h; DWARF: the i386 psABI, table 2.14. */
static const uint8_t order_386[] = { 6, 1, 2, 0, 15, 5, 3, 4, 12 };

static const struct machine machines[] = {
	{
		.number = EM_X86_64, .name = "x86-64", .small_pages = 1,
		.code = MACHINE_CODE_X86, .names = elf_registers_x86_64,
		.registers = { .machine = EM_X86_64, .word = 8, .count = 27, .pc = 16, .to = 17,
			.order = order_x86_64, .sp = 19, .tp = 21 },
		/*
		 * rsp, rip, eflags, of which bit 1 is always set and the high ones never, cs: 0x33
		 * for a program's code.
		 */
		.context = { .words = 2, .sp = 3, .word = {
			{ .back = 0, .mask = 0xffff, .value = 0x33 },
			{ .back = 1, .mask = ~UINT64_C(0x3fffff) | 2, .value = 2 } } },
		.sigreturn = { .code = sigreturn_x86_64, .code_len = sizeof(sigreturn_x86_64),
			.registers = 40, .order = interrupted_x86_64, .pc = 16 },
	}, {
		.number = EM_386, .name = "i386", .small_pages = 1,
		.code = MACHINE_CODE_X86, .names = elf_registers_i386,
		.registers = { .machine = EM_386, .word = 4, .count = 17, .pc = 12, .to = 9,
			.order = order_386, .sp = 15 },
		/*
		 * esp ebx edx ecx eax trapno err eip cs eflags esp_at_signal ss; segments of a
		 * 64-bit kernel or a 32-bit one.
		 */
		.context = { .words = 3, .sp = 11, .word = {
			{ .back = 0, .mask = 0xffff, .value = 0x2b, .other = 0x7b },
			{ .back = 2, .mask = 2, .value = 2 },
			{ .back = 3, .mask = 0xffff, .value = 0x23, .other = 0x73 } } },
	}, {
		/* X0 to X30, SP, PC. */
		.number = EM_AARCH64, .name = "aarch64",
		.code = MACHINE_CODE_AARCH64, .names = elf_registers_aarch64,
		.registers = { .machine = EM_AARCH64, .word = 8, .count = 33, .pc = 32, .to = 32,
			.sp = 31, .link = 30 },
		/*
		 * sp, pc, pstate, filling, then the first record's head: FPSIMD_MAGIC and its size.
		 */
		.context = { .words = 1, .sp = 4, .word = {
			{ .back = 0, .mask = UINT64_MAX,
				.value = UINT64_C(0x0000021046508001) } } },
	}, {
		.number = EM_ARM, .name = "arm", .small_pages = 1,
		.code = MACHINE_CODE_ARM, .names = elf_registers_arm,
		/* The lowest bit says which instructions are there. */
		.registers = { .machine = EM_ARM, .word = 4, .count = 16, .pc = 15, .to = 16,
			.sp = 13, .link = 14, .pc_bits = 1 },
		/*
		 * trap_no, error_code, oldmask, r0 to r10, fp, ip, sp, lr, pc, cpsr: in user mode,
		 * of which the middle bits are zeros.
		 */
		.context = { .words = 2, .sp = 3, .word = {
			{ .back = 0, .mask = 0x0f00ff1f, .value = 0x10 },
			{ .back = 19, .mask = ~UINT64_C(31), .value = 0 } } },
	}, {
		/* The word of x0, which is no register, has the program counter. */
		.number = EM_RISCV, .name = "riscv", .small_pages = 1,
		.names = elf_registers_riscv,
		.registers = { .machine = EM_RISCV, .word = 8, .count = 32, .pc = 0, .from = 1,
			.to = 32, .sp = 2, .tp = 4, .link = 1 },
	}, {
		/* The program status word, of two words, then the general registers. */
		.number = EM_S390, .name = "s390", .small_pages = 1,
		.names = elf_registers_s390,
		.registers = { .machine = EM_S390, .word = 8, .count = 18, .pc = 1, .to = 16,
			.shift = 2, .sp = 17, .link = 16 },
	}, {
		/* r0 to r31, nip, msr, orig_r3, ctr, link; DWARF's 65 is the link register. */
		.number = EM_PPC64, .name = "ppc64",
		.names = elf_registers_ppc64,
		.registers = { .machine = EM_PPC64, .word = 8, .count = 37, .pc = 32, .to = 32,
			.extra = 65, .extra_at = 36, .sp = 1, .tp = 13, .link = 36 },
	},
	{ .number = EM_68K, .name = "m68k", .status = &status_68k },
	{ .number = EM_MIPS, .name = "mips", .code_first = 1 },
	{ .number = EM_PPC, .name = "ppc" },
	{ .number = EM_SPARC, .name = "sparc" },
	{ .number = EM_SPARCV9, .name = "sparc64" },
	{ .number = EM_PARISC, .name = "hppa" },
	{ .number = EM_SH, .name = "sh" },
	{ .number = EM_ALPHA, .name = "alpha" },
	{ .number = EM_IA_64, .name = "ia64" },
	{ .number = EM_LOONGARCH, .name = "loongarch" },
};

const struct machine *
machine_find(unsigned number)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++)
		if (machines[i].number == number)
			return &machines[i];
	return NULL;
}

const char *
machine_name(unsigned number)
{
	const struct machine *m = machine_find(number);

	return m != NULL ? m->name : NULL;
}

const struct machine_status *
machine_status(unsigned number, int is64)
{
	const struct machine *m = machine_find(number);

	if (m != NULL && m->status != NULL)
		return m->status;
	return is64 ? &status_64 : &status_32;
}
