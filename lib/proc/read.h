/*
 * proc_read in two steps: what only root can open, and then what parses a file that the process
 * chose, for which nobody needs to be root.
 */
#ifndef GZCORE_PROC_READ_H
#define GZCORE_PROC_READ_H

#include "proc/proc.h"

/* As proc_read, but for the identity: *exe is the executable, or -1. */
int proc_read_facts(struct proc *p, pid_t pid, pid_t tid, int environment, int *exe);

/* Reads the identity from exe, and closes it; 0 for -1, and for what is no ELF file. */
int proc_read_identity(struct elf_id *id, int exe);

/*
 * Takes an identity that a process has left which read a file, and may have been misled by it.
 * Returns 1, or 0 when it is none.
 */
int proc_take_identity(struct elf_id *to, const struct elf_id *left);

#endif
