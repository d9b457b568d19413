#include "base/syscall_names.h"

#include <linux/audit.h>
#include <stddef.h>
#include <sys/syscall.h>

#if defined __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#elif defined __i386__
#define ARCH AUDIT_ARCH_I386
#elif defined __aarch64__ && !defined __AARCH64EB__
#define ARCH AUDIT_ARCH_AARCH64
#elif defined __arm__ && !defined __ARMEB__
#define ARCH AUDIT_ARCH_ARM
#elif defined __riscv && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#elif defined __powerpc64__ && defined __LITTLE_ENDIAN__
#define ARCH AUDIT_ARCH_PPC64LE
#elif defined __s390x__
#define ARCH AUDIT_ARCH_S390X
#else
#define ARCH 0
#endif

const char *
syscall_name(uint32_t arch, int32_t number)
{
	/* Each __NR_ of the headers, as the Makefile finds them. */
	static const struct {
		long number;
		const char *name;
	} calls[] = {
#include "syscalls.h"
		{ 0, NULL } };

	if (ARCH == 0 || arch != ARCH)
		return NULL;
	for (size_t i = 0; calls[i].name != NULL; i++)
		if (calls[i].number == number)
			return calls[i].name;
	return NULL;
}
