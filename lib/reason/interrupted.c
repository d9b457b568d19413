/*
 * The frame that the kernel puts on the stack for a handler: what it interrupted, with its registers and siginfo.
 * Of x86-64: struct rt_sigframe of arch/x86/include/asm/sigframe.h, and the ucontext and sigcontext in it.
 */
#include <elf.h>
#include <signal.h>
#include <string.h>

#include "reason/private.h"

/* How many words of the stack are looked at for the frame. */
#define WORDS 65536
#define PIECE 512
/* Bytes behind the word with the handler's return address. */
enum { CONTEXT = 8 + 40, ERROR = CONTEXT + 19 * 8, INFO = 8 + 304, FRAME = INFO + 48 };

/* The registers of struct sigcontext by the words of pr_reg. */
static const uint8_t words[] = { 9, 8, 7, 6, 3, 2, 1, 0, 14, 13, 4, 5, 12, 10, 11, 19, 16, 18 };

/* What a signal frame is called on a stack: the functions that handlers return to. */
static int
is_signal_frame(const char *function)
{
	return function != NULL && (strcmp(function, "__restore_rt") == 0 ||
	    strcmp(function, "__restore") == 0 ||
	    strncmp(function, "runtime.sigreturn", strlen("runtime.sigreturn")) == 0);
}

/* The address of a word of that value on the stack; 0 when there is none. */
static uint64_t
find_word(const struct reason_case *k, uint64_t value)
{
	uint64_t at = k->registers.sp;
	uint8_t b[PIECE * 8];

	for (size_t done = 0; done < WORDS; done += PIECE, at += sizeof(b)) {
		size_t n = k->source->memory(k->source->arg, at, b, sizeof(b));

		for (size_t i = 0; i + 8 <= n; i += 8)
			if (core_number(k->core, b + i, 8) == value)
				return at + i;
		if (n < sizeof(b))
			break;
	}
	return 0;
}

static int
is_fault(uint32_t signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL ||
	    signal == SIGTRAP;
}

int
reason_interrupted(struct reason_case *k)
{
	const struct reason_source *s = k->source;
	struct core_siginfo *info = &k->info;
	uint8_t b[FRAME];
	uint64_t at;
	size_t i;

	if (k->core->machine != EM_X86_64 || !k->core->is64 || s->memory == NULL ||
	    !k->registers.has)
		return 0;
	for (i = k->first_frame; i < s->frames && !is_signal_frame(s->frame[i].function); i++)
		;
	if (i == s->frames || (at = find_word(k, s->frame[i].pc)) == 0 ||
	    !reason_read(k, at, b, sizeof(b)))
		return 0;
	memset(info, 0, sizeof(*info));
	info->signal = (uint32_t)core_number(k->core, b + INFO, 4);
	info->code = (int32_t)core_number(k->core, b + INFO + 8, 4);
	if (!is_fault(info->signal))
		return 0;
	info->has_address = info->code > 0 && info->code < SI_KERNEL;
	info->address = core_number(k->core, b + INFO + 16, 8);
	if (info->code <= 0) {
		info->pid = (uint32_t)core_number(k->core, b + INFO + 16, 4);
		info->uid = (uint32_t)core_number(k->core, b + INFO + 20, 4);
	}
	k->has_info = 1;
	k->signal = info->signal;
	for (size_t j = 0; j < sizeof(words); j++)
		k->registers.word[words[j]] = core_number(k->core, b + CONTEXT + j * 8, 8);
	k->registers.pc = k->registers.word[16];
	k->registers.sp = k->registers.word[19];
	/* Other signals leave there what a page fault before them had. */
	k->has_error = info->signal == SIGSEGV && info->has_address;
	k->error = core_number(k->core, b + ERROR, 8);
	k->first_frame = i + 1;
	reason_case_code(k);
	return 1;
}
