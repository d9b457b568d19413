/* The registers of a thread by the names that gdb has for them, in the order of its "info registers". */
#ifndef GZCORE_ELF_REGISTER_NAMES_H
#define GZCORE_ELF_REGISTER_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct register_name {
	const char *name;	/* NULL ends the list */
	uint8_t word;		/* of pr_reg */
};

/* The lists; the table of machines says whose each is. */
extern const struct register_name elf_registers_x86_64[], elf_registers_i386[],
    elf_registers_aarch64[], elf_registers_arm[], elf_registers_riscv[], elf_registers_s390[],
    elf_registers_ppc64[];

#endif
