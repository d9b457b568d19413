/*
 * The frame that the kernel puts on the stack for a handler: what it interrupted, with its registers and siginfo.
 * Of x86-64: struct rt_sigframe of arch/x86/include/asm/sigframe.h, and the ucontext and sigcontext in it.
 */
#include <elf.h>
#include <signal.h>
#include <string.h>

#include "base/signal_names.h"
#include "reason/private.h"

/* How many words of the stack are looked at for the frame. */
#define WORDS 65536
#define PIECE 512
/* Bytes behind the word with the handler's return address. */
enum {
	CONTEXT = 8 + 40, PC = CONTEXT + 16 * 8, ERROR = CONTEXT + 19 * 8,
	TRAP = ERROR + 8, ADDRESS = ERROR + 24, INFO = 8 + 304, FRAME = INFO + 48
};
/* Intel's numbers of traps. */
enum { DIVIDE_ERROR = 0, INVALID = 6, PROTECTION = 13, PAGE_FAULT = 14 };

/* The registers of struct sigcontext by the words of pr_reg. */
static const uint8_t words[] = { 9, 8, 7, 6, 3, 2, 1, 0, 14, 13, 4, 5, 12, 10, 11, 19, 16, 18 };

/* Whether a handler returns to an address: what is there calls rt_sigreturn(2), and does nothing else. */
static int
is_signal_frame(const struct reason_case *k, uint64_t pc)
{
	/* mov $15, %rax, or mov $15, %eax; syscall. */
	static const uint8_t full[] = { 0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05 },
	    half[] = { 0xb8, 15, 0, 0, 0, 0x0f, 0x05 };
	uint8_t b[sizeof(full)];

	return reason_read(k, pc, b, sizeof(b)) && (memcmp(b, full, sizeof(full)) == 0 ||
	    memcmp(b, half, sizeof(half)) == 0);
}

static uint64_t
word_at(const struct reason_case *k, const uint8_t *b, size_t at)
{
	return core_number(k->core, b + at, 8);
}

/*
 * Finds the signal frame whose handler returns to back, and which interrupted pc; whether there is one.  The return
 * address alone is no proof: sigaction(2) leaves it on the stack too.
 */
static int
find_frame(const struct reason_case *k, uint64_t back, uint64_t pc, uint8_t b[FRAME])
{
	uint64_t at = k->registers.sp;
	uint8_t piece[PIECE * 8];

	for (size_t done = 0; done < WORDS; done += PIECE, at += sizeof(piece)) {
		size_t n = k->source->memory(k->source->arg, at, piece, sizeof(piece));

		for (size_t i = 0; i + 8 <= n; i += 8)
			if (word_at(k, piece, i) == back && reason_read(k, at + i, b, FRAME) &&
			    word_at(k, b, PC) == pc)
				return 1;
		if (n < sizeof(piece))
			break;
	}
	return 0;
}

/* The siginfo of the frame; 0 when it is none of a fault: only a handler with SA_SIGINFO gets one. */
static int
read_info(struct reason_case *k, const uint8_t b[FRAME])
{
	struct core_siginfo *info = &k->info;

	memset(info, 0, sizeof(*info));
	info->signal = (uint32_t)core_number(k->core, b + INFO, 4);
	info->code = (int32_t)core_number(k->core, b + INFO + 8, 4);
	info->has_address = info->code > 0 && info->code < SI_KERNEL;
	info->address = word_at(k, b, INFO + 16);
	/* Else anything is left there, also of another signal. */
	if (info->code <= 0 || signal_code(info->signal, info->code) == NULL ||
	    core_number(k->core, b + INFO + 4, 4) != 0)
		return 0;
	if (info->signal == SIGSEGV || info->signal == SIGBUS)
		return !info->has_address || word_at(k, b, TRAP) != PAGE_FAULT ||
		    info->address == word_at(k, b, ADDRESS);
	return word_at(k, b, TRAP) != PAGE_FAULT && word_at(k, b, TRAP) != PROTECTION &&
	    (info->signal == SIGFPE || info->signal == SIGILL || info->signal == SIGTRAP);
}

/* Whether the instruction does what the trap is for: the number may be that of an earlier one. */
static int
does_that(const struct reason_case *k, uint64_t trap, uint64_t address)
{
	const struct reason_code *d = &k->decoded;

	if (trap == DIVIDE_ERROR)
		return d->special == REASON_DIVIDE;
	if (trap == INVALID)
		return d->special == REASON_TRAP;
	if (trap == PROTECTION)
		return 1;
	for (size_t i = 0; i < d->accesses; i++)
		if (d->access[i].has_address && address - d->access[i].address < 64)
			return 1;
	return address == k->registers.pc;
}

/* What the kernel would have said of the processor's trap, whose number and address are in the frame. */
static int
guess_info(struct reason_case *k, const uint8_t b[FRAME])
{
	static const struct {
		uint64_t trap;
		uint32_t signal;
		int32_t code;
	} traps[] = { { DIVIDE_ERROR, SIGFPE, FPE_INTDIV }, { INVALID, SIGILL, ILL_ILLOPN },
		{ PROTECTION, SIGSEGV, SI_KERNEL }, { PAGE_FAULT, SIGSEGV, SEGV_MAPERR } };
	uint64_t trap = word_at(k, b, TRAP), address = word_at(k, b, ADDRESS);

	for (size_t i = 0; i < sizeof(traps) / sizeof(*traps); i++) {
		if (traps[i].trap != trap || !does_that(k, trap, address))
			continue;
		k->info = (struct core_siginfo){ .signal = traps[i].signal, .code = traps[i].code,
			.address = address, .has_address = trap != PROTECTION };
		/* The lowest bit of the error: there was a page. */
		if (trap == PAGE_FAULT && (word_at(k, b, ERROR) & 1))
			k->info.code = SEGV_ACCERR;
		return 1;
	}
	return 0;
}

int
reason_interrupted(struct reason_case *k)
{
	const struct reason_source *s = k->source;
	uint8_t b[FRAME];
	size_t i;

	if (reason_machine(k->core) != MACHINE_CODE_X86 || !k->core->is64 || s->memory == NULL ||
	    !k->registers.has)
		return 0;
	for (i = k->first_frame; i < s->frames && !is_signal_frame(k, s->frame[i].pc); i++)
		;
	if (i + 1 >= s->frames || !find_frame(k, s->frame[i].pc, s->frame[i + 1].pc, b))
		return 0;
	for (size_t j = 0; j < sizeof(words); j++)
		k->registers.word[words[j]] = word_at(k, b, CONTEXT + j * 8);
	k->registers.pc = k->registers.word[16];
	k->registers.sp = k->registers.word[19];
	reason_case_code(k);
	if (!read_info(k, b) && !guess_info(k, b))
		return 0;
	k->has_info = 1;
	k->signal = k->info.signal;
	k->has_error = k->signal == SIGSEGV && word_at(k, b, TRAP) == PAGE_FAULT;
	k->error = word_at(k, b, ERROR);
	k->first_frame = i + 1;
	return 1;
}
