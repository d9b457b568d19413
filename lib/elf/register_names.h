/* The registers of a thread by the names that gdb has for them, in the order of its "info registers". */
#ifndef GZCORE_ELF_REGISTER_NAMES_H
#define GZCORE_ELF_REGISTER_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct register_name {
	const char *name;	/* NULL ends the list */
	uint8_t word;		/* of pr_reg */
};

/* The list of a machine, EM_ of elf.h; NULL for one whose registers are not known. */
const struct register_name *elf_register_names(unsigned machine);

#endif
