/* The names of the machines that cores come from. */
#ifndef GZCORE_ELF_MACHINES_H
#define GZCORE_ELF_MACHINES_H

/* "x86-64" for EM_X86_64 of a file's e_machine; NULL for one that is not known here: elf.h. */
const char *machine_name(unsigned machine);

#endif
