/* The names of system calls, of the machine that this is built for: another has other numbers. */
#ifndef GZCORE_BASE_SYSCALL_NAMES_H
#define GZCORE_BASE_SYSCALL_NAMES_H

#include <stdint.h>

/*
 * The name of a system call of an AUDIT_ARCH_ (linux/audit.h, seccomp(2)), or NULL when it is not
 * known here.
 */
const char *syscall_name(uint32_t arch, int32_t number);

#endif
