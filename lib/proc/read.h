/*
 * proc_read in two steps: what only root can open, and then what parses a file that the process
 * chose, for which nobody needs to be root.
 */
#ifndef GZCORE_PROC_READ_H
#define GZCORE_PROC_READ_H

#include "proc/proc.h"

/* As proc_read, but for the identity: *exe is the executable, or -1. */
int proc_read_facts(struct proc *p, pid_t pid, pid_t tid, int environment, int *exe);

/* Reads the identity from exe, and closes it; nothing for -1. */
void proc_read_identity(struct proc *p, int exe);

#endif
