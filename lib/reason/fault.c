/* SIGSEGV and SIGBUS: which address was accessed, how, and what is there. */
#include <elf.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "elf/layout.h"
#include "reason/fault.h"

/* The largest guard of a stack, and how far below the stack pointer a push may write, bytes. */
#define GUARD (1024u * 1024)
#define NEAR 4096
/* The largest mapping that is taken for a guard, bytes. */
#define GUARD_MAPPING 65536

/* The bits of x86's error code. */
enum { ERROR_WRITE = 2, ERROR_CODE = 16 };

static const char *
verb(enum reason_kind kind)
{
	return kind == REASON_READ ? "read of" : kind == REASON_NONE ? "access to" : "write to";
}

/* The access whose place the address is in; NULL when none is, or it is not known. */
static const struct reason_access *
find_access(const struct reason_case *k, uint64_t address)
{
	const struct reason_code *d = &k->decoded;

	for (size_t i = 0; i < d->accesses; i++)
		/*
		 * An access that crosses the end of a page may fail at the next page; the longest
		 * access saves all registers.
		 */
		if (d->access[i].has_address && address - d->access[i].address < 4096)
			return &d->access[i];
	for (size_t i = 0; i < d->accesses; i++)
		if (!d->access[i].has_address)
			return &d->access[i];
	return NULL;
}

/* The mapping that a stack pointer is in, or that begins above it; NULL when that may not be written. */
static const struct core_map *
stack_of(const struct core *c, uint64_t sp)
{
	for (size_t i = 0; i < c->maps; i++)
		if (c->map[i].start + c->map[i].len > sp && (c->map[i].flags & PF_W))
			return c->map[i].start <= sp || c->map[i].start - sp <= GUARD ? &c->map[i] :
			    NULL;
	return NULL;
}

/* Where the stack begins, which may be several mappings that touch, and how long it is. */
static uint64_t
stack_start(const struct core *c, const struct core_map *m, uint64_t *len)
{
	const struct core_map *low = m, *high = m, *last = c->map + c->maps - 1;

	while (low > c->map && low[-1].start + low[-1].len == low->start && (low[-1].flags & PF_W))
		low--;
	/* In a small core, what was left out is a mapping of its own. */
	while (high < last && high[1].start == high->start + high->len && (high[1].flags & PF_W))
		high++;
	*len = high->start + high->len - low->start;
	return low->start;
}

static int
stack_overflow(struct reason_case *k, const struct reason_fault_at *f)
{
	uint64_t sp = k->registers.sp, start, len, at = f->address;
	const struct core_map *m = k->registers.has ? stack_of(k->core, sp) : NULL;
	const struct reason_frame *top = k->source->frames > k->first_frame ?
	    &k->source->frame[k->first_frame] : NULL;
	size_t same = 0;

	if (m == NULL)
		return 0;
	start = stack_start(k->core, m, &len);
	/* The stack pointer is near its end, and what was accessed is below that, where there is nothing. */
	if (at >= start || start - at > GUARD + NEAR || (f->map != NULL && f->map->flags != 0) ||
	    (sp > at && sp - at > NEAR) || (at > sp && at - sp > GUARD))
		return 0;
	reason_say(k, "stack overflow: 0x%" PRIx64 " is %s, %" PRIu64 " KiB", at,
	    f->map != NULL ? "in the guard below the stack" : "below the stack's limit",
	    len / 1024);
	for (size_t i = k->first_frame; top != NULL && top->function != NULL &&
	    i < k->source->frames; i++)
		same += k->source->frame[i].function != NULL &&
		    strcmp(k->source->frame[i].function, top->function) == 0;
	if (same >= 16)
		reason_say(k, ": %.200s%s calls itself", reason_name(top),
		    strchr(reason_name(top), '(') == NULL ? "()" : "");
	return 1;
}

/*
 * Whether the instruction before added to what was 0: x86-64's add of a number to the register that
 * has the address, and that is what the register has.  Compilers that do not optimize make a
 * field's address so.
 */
static int
was_added(const struct reason_case *k, const struct reason_access *a)
{
	uint64_t pc = k->registers.pc, value = a->base;
	uint8_t b[7];

	if (reason_machine(k->core) != MACHINE_CODE_X86 || !k->core->is64 ||
	    value >= REASON_NULL || !a->in_register ||
	    !reason_read(k, pc - sizeof(b), b, sizeof(b)))
		return 0;
	/* 48 83 c0 and 8 bits, 48 81 c0 and 32 bits, or for rax 48 05 and 32 bits. */
	if (b[3] == 0x48 + (a->number > 7) && b[4] == 0x83 && b[5] == 0xc0 + (a->number & 7))
		return b[6] == value && value < 0x80;
	if (b[0] == 0x48 + (a->number > 7) && b[1] == 0x81 && b[2] == 0xc0 + (a->number & 7))
		return elf_number(b + 3, 4, 0) == value;
	return a->number == 0 && b[1] == 0x48 && b[2] == 0x05 && elf_number(b + 3, 4, 0) == value;
}

/* What a pointer that is null, or nearly, was for; 0 when it is neither. */
static int
null_pointer(struct reason_case *k, const struct reason_fault_at *f)
{
	const struct reason_access *a = f->access;
	int is_null = a != NULL && a->has_address && a->has_base &&
	    (a->base == 0 || was_added(k, a));

	if (f->address >= REASON_NULL && !is_null)
		return 0;
	if (f->address == 0)
		reason_say(k, ": a null pointer");
	else if (is_null && a->has_index && a->index != 0)
		reason_say(k, ": an element behind a null pointer");
	else if (is_null)
		reason_say(k, ": a field of a null pointer");
	else
		reason_say(k, ": perhaps a field of a null pointer");
	return 1;
}

static int
is_guard(const struct core *c, const struct core_map *m)
{
	return m->len <= GUARD_MAPPING &&
	    ((m > c->map && m[-1].start + m[-1].len == m->start && m[-1].flags != 0) ||
	    (m + 1 < c->map + c->maps && m[1].start == m->start + m->len && m[1].flags != 0));
}

/* What there is at the address of an access. */
static void
say_memory(struct reason_case *k, const struct reason_fault_at *f)
{
	const char *name = reason_file_name(k, f->address);
	int writes = f->kind == REASON_WRITE || f->kind == REASON_UPDATE;

	if (f->map == NULL || f->mapped == 0) {
		if (name == NULL || f->mapped == 0)
			reason_say(k, "%s", reason_no_address(k, f->address) ?
			    ", which can be no address" : ", where nothing is mapped");
		else if (writes)
			reason_say(k, ", which is read-only memory of %.200s", name);
	} else if (f->map->flags == 0) {
		reason_say(k, ", which may not be accessed%s",
		    is_guard(k->core, f->map) ? " (a guard page)" : "");
	} else if (writes && !(f->map->flags & PF_W)) {
		reason_say(k, ", which is read-only memory%s%.200s", name != NULL ? " of " : "",
		    name != NULL ? name : "");
	} else if (f->kind == REASON_READ && !(f->map->flags & PF_R)) {
		reason_say(k, ", which may not be read");
	} else {
		reason_say(k, ", which may not be accessed so");
	}
}

/* SEGV_MAPERR, SEGV_ACCERR, and faults without siginfo. */
static int
page_fault(struct reason_case *k, struct reason_fault_at *f)
{
	f->map = core_map_at(k->core, f->address);
	f->access = find_access(k, f->address);
	f->kind = k->has_error ? (k->error & ERROR_WRITE ? REASON_WRITE : REASON_READ) :
	    f->access != NULL ? f->access->kind : REASON_NONE;
	if ((k->registers.has && f->address == k->registers.pc) ||
	    (k->has_error && (k->error & ERROR_CODE)))
		return reason_jump(k, f);
	if (f->address >= REASON_NULL && stack_overflow(k, f))
		return 1;
	reason_say(k, "%s 0x%" PRIx64, verb(f->kind), f->address);
	if (!null_pointer(k, f))
		say_memory(k, f);
	return 1;
}

/* Without siginfo, and where that has no address: what the instruction would do, if that must fail. */
static int
by_instruction(struct reason_case *k, struct reason_fault_at *f)
{
	for (size_t i = 0; i < k->decoded.accesses; i++) {
		const struct reason_access *a = &k->decoded.access[i];
		const struct core_map *m = core_map_at(k->core, a->address);
		uint32_t needs = a->kind == REASON_READ ? PF_R : PF_W;

		if (!a->has_address || (m != NULL && (m->flags & needs)))
			continue;
		/* gdb leaves mappings of files out of the headers of a core. */
		if (m == NULL && core_files_at(&k->core->files, a->address) != NULL)
			continue;
		f->has_address = 1;
		f->address = a->address;
		return page_fault(k, f);
	}
	return 0;
}

/* x86's general protection and stack faults have no address: the instruction says why. */
static int
protection_fault(struct reason_case *k, struct reason_fault_at *f)
{
	const struct reason_code *d = &k->decoded;
	uint64_t target;

	f->address = k->registers.sp;
	f->map = core_map_at(k->core, f->address);
	/* The kernel had no room for the frame of a handler. */
	if (k->registers.has && (f->map == NULL || f->map->flags == 0) && stack_overflow(k, f))
		return 1;
	if (d->special == REASON_PRIVILEGED && reason_checked(k))
		return 1;
	if (d->special == REASON_PRIVILEGED) {
		reason_say(k, "privileged instruction: %02x%s%s%s", k->code[0],
		    d->name != NULL ? " (" : "", d->name != NULL ? d->name : "",
		    d->name != NULL ? ")" : "");
		return 1;
	}
	for (size_t i = 0; i < d->accesses; i++) {
		const struct reason_access *a = &d->access[i];

		if (!a->has_address)
			continue;
		if (reason_no_address(k, a->address)) {
			reason_say(k, "%s 0x%" PRIx64 ", which can be no address", verb(a->kind),
			    a->address);
			return 1;
		}
		if (a->aligned > 1 && a->address % a->aligned != 0) {
			reason_say(k, "misaligned access: %s 0x%" PRIx64
			    ", which is no multiple of %u", verb(a->kind), a->address, a->aligned);
			return 1;
		}
	}
	target = d->target;
	if (d->has_target || ((d->special == REASON_RETURN || d->special == REASON_CALL ||
	    d->special == REASON_JUMP) && d->accesses > 0 && d->access[0].kind == REASON_READ &&
	    reason_word(k, d->access[0].address, &target))) {
		if (reason_no_address(k, target)) {
			reason_say(k, "%s 0x%" PRIx64 ", which can be no address%s",
			    d->special == REASON_RETURN ? "return to" :
			    d->special == REASON_CALL ? "call of" : "jump to", target,
			    d->special == REASON_RETURN ?
			    ": perhaps the stack was overwritten" : "");
			return 1;
		}
	}
	/* Or it had none for the signal of an access below the stack. */
	for (size_t i = 0; i < d->accesses; i++) {
		f->address = d->access[i].address;
		f->map = core_map_at(k->core, f->address);
		if (d->access[i].has_address && stack_overflow(k, f))
			return 1;
	}
	return 0;
}

static int
segment_fault(struct reason_case *k, struct reason_fault_at *f)
{
	static const char *const words[] = {
		[3] = "a bound of its pointer was exceeded",
		[4] = "its protection key forbids that",
		[8] = "the tag of the memory is not the pointer's",
		[9] = "the tag of the memory is not the pointer's",
	};
	unsigned code = (unsigned)k->info.code;

	if (k->info.code == 10) {
		reason_say(k, "control-flow protection: a return or a jump leads elsewhere than it "
		    "should");
		return 1;
	}
	f->mapped = code == 1 ? 0 : code == 2 ? 1 : -1;
	if (code < 3 || code >= sizeof(words) / sizeof(*words) || words[code] == NULL)
		return code < 3 && page_fault(k, f);
	f->access = find_access(k, f->address);
	reason_say(k, "%s 0x%" PRIx64 ": %s", verb(f->access != NULL ? f->access->kind :
	    REASON_NONE), f->address, words[code]);
	return 1;
}

static void
misaligned(struct reason_case *k, const struct reason_fault_at *f)
{
	const struct reason_access *a = k->decoded.accesses == 1 ? &k->decoded.access[0] : NULL;

	if (k->registers.has && f->address == k->registers.pc)
		reason_say(k, "misaligned code: jump to 0x%" PRIx64, f->address);
	else if (f->address != 0)
		reason_say(k, "misaligned access: %s 0x%" PRIx64, verb(f->kind), f->address);
	/* x86 does not say where. */
	else if (a != NULL && a->has_address)
		reason_say(k, "misaligned access: %s 0x%" PRIx64, verb(a->kind), a->address);
	else
		reason_say(k, "misaligned access");
}

static int
bus_error(struct reason_case *k, struct reason_fault_at *f)
{
	const char *name = reason_file_name(k, f->address);

	f->access = find_access(k, f->address);
	f->kind = f->access != NULL ? f->access->kind : REASON_NONE;
	switch (k->info.code) {
	case BUS_ADRALN:
		misaligned(k, f);
		return 1;
	case BUS_ADRERR:
		reason_say(k, "%s 0x%" PRIx64, verb(f->kind), f->address);
		if (name != NULL)
			reason_say(k, ": %.200s has no bytes there: perhaps it was cut short",
			    name);
		else
			reason_say(k, ", which has no memory behind it");
		return 1;
	case 4:
	case 5:
		reason_say(k, "a hardware error in the memory at 0x%" PRIx64, f->address);
		return 1;
	}
	return 0;
}

int
reason_fault(struct reason_case *k)
{
	struct reason_fault_at f = { .mapped = -1, .address = k->info.address,
		.has_address = k->has_info && k->info.has_address };
	int is_x86 = reason_machine(k->core) == MACHINE_CODE_X86;
	const struct core_map *m;

	if (f.has_address)
		return k->signal == SIGBUS ? bus_error(k, &f) : segment_fault(k, &f);
	if (k->has_info && is_x86)
		return protection_fault(k, &f);
	if (k->has_info || !k->registers.has)
		return 0;
	m = core_map_at(k->core, k->registers.pc);
	if ((m == NULL || !(m->flags & PF_X)) &&
	    core_files_at(&k->core->files, k->registers.pc) == NULL) {
		f.address = k->registers.pc;
		f.map = m;
		return reason_jump(k, &f);
	}
	if (k->signal == SIGSEGV)
		return by_instruction(k, &f);
	if (k->decoded.accesses != 1 || !k->decoded.access[0].has_address)
		return 0;
	reason_say(k, "%s 0x%" PRIx64 ": perhaps a file there was cut short",
	    verb(k->decoded.access[0].kind), k->decoded.access[0].address);
	return 1;
}
