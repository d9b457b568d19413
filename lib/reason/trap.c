/* SIGILL, SIGFPE, SIGTRAP and SIGSYS; and signals that somebody sent. */
#include <elf.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/signal_names.h"
#include "base/syscall_names.h"
#include "reason/fault.h"

/* The bytes of the instruction, as many as are sure to be of it. */
static void
say_bytes(struct reason_case *k, size_t n)
{
	size_t from = 0;

	/* arm and aarch64 write their instructions as words. */
	if (reason_machine(k->core) == MACHINE_CODE_AARCH64 ||
	    reason_machine(k->core) == MACHINE_CODE_ARM) {
		reason_say(k, " ");
		for (size_t i = n; i > 0; i--)
			reason_say(k, "%02x", k->code[i - 1]);
		return;
	}
	for (; from < n; from++)
		reason_say(k, " %02x", k->code[from]);
}

static size_t
instruction_size(const struct reason_case *k)
{
	size_t n = 4;

	if (reason_machine(k->core) == MACHINE_CODE_ARM && (k->registers.word[16] & 32) != 0)
		n = k->code_len > 1 && k->code[1] >> 3 >= 0x1d ? 4 : 2;
	/* Of x86 those that trap have 2 bytes; others any number. */
	if (reason_machine(k->core) == MACHINE_CODE_X86)
		n = k->decoded.special == REASON_TRAP ? 2 : 4;
	return n < k->code_len ? n : k->code_len;
}

/*
 * The C library's own checks: musl stops by an instruction that the kernel refuses, in the function that found its
 * memory overwritten.
 */
int
reason_checked(struct reason_case *k)
{
	static const char *const heap[] = { "free", "__libc_free", "realloc", "__libc_realloc",
		"malloc", "__libc_malloc", "__libc_malloc_impl", "get_meta",
		"malloc_usable_size", NULL };
	const struct reason_source *s = k->source;
	const char *name = s->frames > k->first_frame ? s->frame[k->first_frame].function : NULL;

	if (name == NULL) {
		name = reason_file_name(k, k->registers.pc);
		if (name == NULL || (strcmp(name, "libc.so") != 0 &&
		    strncmp(name, "ld-musl-", strlen("ld-musl-")) != 0))
			return 0;
		reason_say(k, "a check of the C library failed: perhaps the heap was overwritten");
		return 1;
	}
	if (strcmp(name, "__stack_chk_fail") == 0 || strcmp(name, "__stack_chk_fail_local") == 0) {
		reason_say(k, "a buffer on the stack overflowed");
		if (s->frames > k->first_frame + 1)
			reason_say_place(k, &s->frame[k->first_frame + 1]);
		return 1;
	}
	for (size_t i = 0; heap[i] != NULL; i++)
		if (strcmp(name, heap[i]) == 0) {
			reason_say(k, "%s() found the heap overwritten, or a wrong pointer", name);
			return 1;
		}
	return 0;
}

static int
illegal(struct reason_case *k)
{
	const struct reason_code *d = &k->decoded;
	int code = k->has_info ? k->info.code : 0;
	int is_x86 = reason_machine(k->core) == MACHINE_CODE_X86 && k->core->is64;

	if (code == ILL_BADSTK) {
		reason_say(k, "an error of the stack of the coprocessor");
		return 1;
	}
	if (k->code_len == 0) {
		reason_say(k, code == ILL_PRVOPC || code == ILL_PRVREG ? "privileged instruction" :
		    "illegal instruction");
		if (k->registers.has)
			reason_say(k, " at 0x%" PRIx64, k->registers.pc);
		return 1;
	}
	if ((d->special == REASON_TRAP || d->special == REASON_PRIVILEGED) && reason_checked(k))
		return 1;
	reason_say(k, "%s instruction:", code == ILL_PRVOPC || code == ILL_PRVREG ||
	    d->special == REASON_PRIVILEGED ? "privileged" : "illegal");
	say_bytes(k, instruction_size(k));
	if (d->special == REASON_TRAP)
		reason_say(k, " (a trap by the compiler)");
	else if (is_x86 && (k->code[0] == 0xc4 || k->code[0] == 0xc5 || k->code[0] == 0x62))
		reason_say(k, " (perhaps one that this processor lacks)");
	return 1;
}

/* What a division was by; 0 when that is not known. */
static int
divisor(const struct reason_case *k, uint64_t *by)
{
	const struct reason_code *d = &k->decoded;
	uint8_t b[8];

	if (d->special != REASON_DIVIDE)
		return 0;
	*by = d->divisor;
	if (d->has_divisor)
		return 1;
	if (d->accesses == 0 || !d->access[0].has_address ||
	    !reason_read(k, d->access[0].address, b, d->divisor_size))
		return 0;
	*by = core_number(k->core, b, d->divisor_size);
	return 1;
}

static int
arithmetic(struct reason_case *k)
{
	static const char *const words[] = {
		[FPE_INTOVF] = "integer overflow",
		[FPE_FLTDIV] = "floating-point division by zero",
		[FPE_FLTOVF] = "floating-point overflow",
		[FPE_FLTUND] = "floating-point underflow",
		[FPE_FLTRES] = "inexact floating-point result",
		[FPE_FLTINV] = "invalid floating-point operation",
		[FPE_FLTSUB] = "subscript out of range",
	};
	int code = k->has_info ? k->info.code : 0;
	int is_x86 = reason_machine(k->core) == MACHINE_CODE_X86;
	uint64_t by = 0;

	if (code > FPE_INTDIV && (size_t)code < sizeof(words) / sizeof(*words)) {
		reason_say(k, "%s", words[code]);
		return 1;
	}
	if (!k->has_info && k->registers.has) {
		reason_say(k, "perhaps a division by zero");
		return 1;
	}
	if (code != FPE_INTDIV)
		return 0;
	/* x86 says the same of a quotient that is too large. */
	if (!is_x86 || (divisor(k, &by) && by == 0))
		reason_say(k, "division by zero");
	else if (k->decoded.special == REASON_DIVIDE && by != 0)
		reason_say(k, "division overflow: the quotient is too large");
	else
		reason_say(k, "division by zero, or perhaps a quotient that is too large");
	return 1;
}

/* si_code of SIGTRAP: siginfo.h of the kernel. */
enum { CODE_BREAKPOINT = 1, CODE_STEP = 2, CODE_HARDWARE = 4 };

static int
breakpoint(struct reason_case *k)
{
	int code = k->has_info ? k->info.code : 0;
	int is_x86 = reason_machine(k->core) == MACHINE_CODE_X86;
	uint8_t before;

	if (code == CODE_STEP || code == CODE_HARDWARE) {
		reason_say(k, "%s", code == CODE_HARDWARE ? "a hardware breakpoint or watchpoint" :
		    "a single step");
		return 1;
	}
	/* On x86 the pc is behind it. */
	if (is_x86 && reason_read(k, k->registers.pc - 1, &before, 1) && before == 0xcc) {
		reason_say(k, "breakpoint: cc (int3) in the program");
		return 1;
	}
	if (!is_x86 && (k->decoded.special == REASON_BREAKPOINT ||
	    k->decoded.special == REASON_TRAP)) {
		reason_say(k, "breakpoint: %s", k->decoded.name);
		say_bytes(k, instruction_size(k));
		reason_say(k, " (a trap by the compiler, or a breakpoint)");
		return 1;
	}
	if (code != CODE_BREAKPOINT && (code != SI_KERNEL || !is_x86))
		return 0;
	reason_say(k, "breakpoint in the program");
	return 1;
}

static int
system_call(struct reason_case *k)
{
	const char *name;

	if (!k->has_info || k->info.code != 1)
		return 0;
	name = syscall_name(k->info.call_arch, k->info.call);
	reason_say(k, "killed by seccomp: system call %" PRId32, k->info.call);
	if (name != NULL)
		reason_say(k, " (%s)", name);
	return 1;
}

int
reason_trap(struct reason_case *k)
{
	switch (k->signal) {
	case SIGILL:
		return illegal(k);
	case SIGFPE:
		return arithmetic(k);
	case SIGTRAP:
		return breakpoint(k);
	case SIGSYS:
		return system_call(k);
	}
	return 0;
}

int
reason_sent(struct reason_case *k)
{
	const char *name = signal_name(k->signal);
	const struct core *c = k->core;
	char number[32];

	if (!k->has_info && k->signal == SIGABRT && k->registers.has) {
		reason_say(k, "perhaps a call of abort()");
		return 1;
	}
	if (!k->has_info)
		return 0;
	snprintf(number, sizeof(number), "signal %" PRIu32, k->signal);
	if (name == NULL)
		name = number;
	if (k->signal == SIGXCPU && k->info.code == SI_KERNEL) {
		reason_say(k, "the limit on processor time was reached");
	} else if (k->info.code == SI_KERNEL) {
		reason_say(k, "%s sent by the kernel%s", name, k->signal == SIGQUIT ?
		    ": perhaps a key on the terminal" : "");
	} else if (k->info.code > 0) {
		return 0;
	} else if (k->info.code == SI_TIMER) {
		reason_say(k, "%s of a timer", name);
	} else if (k->info.code != SI_USER && k->info.code != SI_TKILL &&
	    k->info.code != SI_QUEUE) {
		return 0;
	} else if (c->has_psinfo && k->info.pid == c->pid) {
		reason_say(k, "%s%s", name, k->signal == SIGABRT ?
		    " that it sent to itself, as abort() does" : k->signal == SIGXFSZ ?
		    ": perhaps the limit on the size of a file was reached" :
		    " that it sent to itself");
	} else {
		reason_say(k, "%s sent by pid %" PRIu32 " of user %" PRIu32, name, k->info.pid,
		    k->info.uid);
	}
	return 1;
}
