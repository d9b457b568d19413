#include "elf/machines.h"

#include <elf.h>
#include <stddef.h>

const char *
machine_name(unsigned machine)
{
	static const struct {
		unsigned machine;
		const char *name;
	} names[] = { { EM_X86_64, "x86-64" }, { EM_386, "i386" }, { EM_AARCH64, "aarch64" },
		{ EM_ARM, "arm" }, { EM_RISCV, "riscv" }, { EM_S390, "s390" }, { EM_PPC64, "ppc64" },
		{ EM_PPC, "ppc" }, { EM_MIPS, "mips" }, { EM_SPARC, "sparc" }, { EM_SPARCV9, "sparc64" },
		{ EM_68K, "m68k" }, { EM_PARISC, "hppa" }, { EM_SH, "sh" }, { EM_ALPHA, "alpha" },
		{ EM_IA_64, "ia64" }, { EM_LOONGARCH, "loongarch" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].machine == machine)
			return names[i].name;
	return NULL;
}
