/*
 * What a signal interrupted, where no call frame information says that a frame is that of a signal: Go's runtime and
 * musl have none for what their handlers return to.
 */
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "core/read.h"
#include "elf/machine_table.h"
#include "stack/private.h"

/* The most bytes that a machine's return from a signal has. */
#define CODE 16

/* Reads code: what the core has of it, or else the module's file. */
static int
read_code(struct trace *t, Dwfl_Module *m, uint64_t address, uint8_t *buf, size_t n)
{
	GElf_Addr bias;
	Elf *elf;
	size_t count;
	GElf_Phdr ph;

	if (core_read_at(&t->core, t->image, address, buf, n) == n)
		return 1;
	if (m == NULL || (elf = dwfl_module_getelf(m, &bias)) == NULL ||
	    elf_getphdrnum(elf, &count) != 0)
		return 0;
	for (size_t k = 0; k < count && gelf_getphdr(elf, (int)k, &ph) != NULL; k++) {
		uint64_t at = address - bias - ph.p_vaddr;
		Elf_Data *d;

		if (ph.p_type != PT_LOAD || address - bias < ph.p_vaddr || at >= ph.p_filesz ||
		    ph.p_filesz - at < n || ph.p_offset > (uint64_t)INT64_MAX - at)
			continue;
		d = elf_getdata_rawchunk(elf, (int64_t)(ph.p_offset + at), n, ELF_T_BYTE);
		if (d == NULL || d->d_size != n)
			return 0;
		memcpy(buf, d->d_buf, n);
		return 1;
	}
	return 0;
}

/* Whether libdwfl itself knows that a frame that returns to an address is that of a signal. */
static int
is_known(Dwfl_Module *m, uint64_t address)
{
	Dwarf_Addr bias;
	Dwarf_CFI *cfi = m != NULL ? dwfl_module_eh_cfi(m, &bias) : NULL;
	Dwarf_Frame *frame;
	bool is_signal = false;

	if (cfi == NULL || dwarf_cfi_addrframe(cfi, address - 1 - bias, &frame) != 0)
		return 0;
	dwarf_frame_info(frame, NULL, NULL, &is_signal);
	free(frame);
	return is_signal;
}

int
trace_is_sigreturn(struct trace *t, uint64_t pc)
{
	const struct machine *m = machine_find(t->core.machine);
	Dwfl_Module *module = dwfl_addrmodule(t->dwfl, pc);
	uint8_t code[CODE];

	return m != NULL && m->sigreturn.code != NULL && t->registers != NULL &&
	    m->sigreturn.code_len <= sizeof(code) &&
	    read_code(t, module, pc, code, m->sigreturn.code_len) &&
	    memcmp(code, m->sigreturn.code, m->sigreturn.code_len) == 0 && !is_known(module, pc);
}

int
trace_interrupted(struct trace *t, uint64_t sp)
{
	const struct machine *m = machine_find(t->core.machine);
	const struct machine_sigreturn *r = &m->sigreturn;
	uint64_t at = sp + r->registers, word = t->registers->word;
	Dwarf_Word value;

	memset(&t->start, 0, sizeof(t->start));
	for (size_t k = t->registers->from; k < t->registers->to; k++) {
		if (!trace_memory_read(t->dwfl, at + (uint64_t)r->order[k] * word, &value, t))
			return 0;
		t->start.value[k] = value;
		t->start.has[k] = 1;
	}
	if (!trace_memory_read(t->dwfl, at + (uint64_t)r->pc * word, &value, t))
		return 0;
	t->start.pc = value;
	return 1;
}
