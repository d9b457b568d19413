/* A fault because there is no code where the pc is: whether that was called. */
#include <elf.h>
#include <inttypes.h>
#include <string.h>

#include "core/threads.h"
#include "elf/layout.h"
#include "reason/fault.h"

int
reason_no_address(const struct reason_case *k, uint64_t address)
{
	uint64_t top = address >> 47;

	return reason_machine(k->core) == MACHINE_CODE_X86 && k->core->is64 && top != 0 &&
	    top != 0x1ffff;
}

const char *
reason_file_name(const struct reason_case *k, uint64_t address)
{
	const struct core_file *f = core_files_at(&k->core->files, address);
	const char *slash = f != NULL ? strrchr(f->path, '/') : NULL;

	return slash != NULL && slash[1] != '\0' ? slash + 1 : NULL;
}

/* Whether the instruction before what it would return to called the pc: 1, or 0 when that is not sure. */
static int
was_called(const struct reason_case *k)
{
	const struct core_registers *m = core_registers((uint16_t)k->core->machine, k->core->is64);
	struct reason_registers r = k->registers;
	size_t word = elf_word_size(k->core->is64);
	uint64_t back, target;
	uint8_t code[8];

	if (m == NULL)
		return 0;
	if (m->link != 0)
		back = r.word[m->link] & ~(uint64_t)m->pc_bits;
	else if (!reason_word(k, r.sp, &back))
		return 0;
	if (!reason_read(k, back - sizeof(code), code, sizeof(code)))
		return 0;
	/* The registers are as they were at the call, but for the stack pointer of x86. */
	if (m->link == 0)
		r.word[m->sp] += word;
	for (size_t n = 2; n <= sizeof(code); n++) {
		struct reason_code d;

		r.pc = back - n;
		if (!reason_is_call(k->core, code + sizeof(code) - n, n))
			continue;
		reason_decode(&d, k->core, &r, code + sizeof(code) - n, n);
		if (d.special != REASON_CALL)
			continue;
		if (d.has_target && (d.target & ~(uint64_t)m->pc_bits) == k->registers.pc)
			return 1;
		if (d.accesses > 0 && d.access[0].kind == REASON_READ && d.access[0].has_address &&
		    reason_word(k, d.access[0].address, &target) && target == k->registers.pc)
			return 1;
	}
	return 0;
}

int
reason_jump(struct reason_case *k, const struct reason_fault_at *f)
{
	int called = was_called(k);
	const char *name;

	if (f->address == 0) {
		reason_say(k, called ? "call of a null function pointer" :
		    "jump to 0x0: perhaps a null function pointer");
		return 1;
	}
	reason_say(k, "%s 0x%" PRIx64, called ? "call of" : "jump to", f->address);
	if (f->address < REASON_NULL) {
		reason_say(k, ": perhaps a field of a null pointer");
	} else if (f->map == NULL && f->mapped <= 0) {
		reason_say(k, reason_no_address(k, f->address) ? ", which can be no address" :
		    ", where nothing is mapped");
	} else if ((name = reason_file_name(k, f->address)) != NULL) {
		reason_say(k, ", which is no code, but data of %.200s", name);
	} else {
		reason_say(k, ", which is no code, but %s", f->map != NULL &&
		    f->map == core_map_at(k->core, k->registers.sp) ? "on the stack" : "data");
	}
	return 1;
}
