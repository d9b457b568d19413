#include "base/syscall_names.h"

#include <elf.h>
#include <linux/audit.h>
#include <link.h>
#include <stddef.h>
#include <sys/syscall.h>

/*
 * The file header of the program that this is part of, which the linker gives: its machine is that
 * of the headers.
 */
extern const ElfW(Ehdr) __ehdr_start __attribute__((weak, visibility("hidden")));

/*
 * AUDIT_ARCH_ (linux/audit.h) of the machine that this is built for: its EM_, class and byte order;
 * 0: not known.
 */
static uint32_t
own_arch(void)
{
	const ElfW(Ehdr) *h = &__ehdr_start;

	if (h == NULL)
		return 0;
	return h->e_machine | (h->e_ident[EI_CLASS] == ELFCLASS64 ? __AUDIT_ARCH_64BIT : 0) |
	    (h->e_ident[EI_DATA] == ELFDATA2LSB ? __AUDIT_ARCH_LE : 0);
}

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

	if (arch == 0 || arch != own_arch())
		return NULL;
	for (size_t i = 0; calls[i].name != NULL; i++)
		if (calls[i].number == number)
			return calls[i].name;
	return NULL;
}
