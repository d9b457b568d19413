/* What the files of this room share: the case that is decided. */
#ifndef GZCORE_REASON_PRIVATE_H
#define GZCORE_REASON_PRIVATE_H

#include "reason/decode.h"
#include "reason/reason.h"

struct reason_case {
	const struct reason_source *source;
	const struct core *core;
	struct reason *out;
	int has_info;		/* siginfo is that of the signal */
	struct core_siginfo info;
	uint32_t signal;
	struct reason_registers registers;
	/* the code at the pc, as far as it is known, and what it does */
	uint8_t code[REASON_CODE];
	size_t code_len;
	struct reason_code decoded;
	/* the error code of a page fault, where a signal's frame has it */
	int has_error;
	uint64_t error;
	/* frames from here on are those of the case: what is before them ran in a handler */
	size_t first_frame;
};

/* Reads the code at the pc, and decodes it. */
void reason_case_code(struct reason_case *k);

/* Appends to the sentence. */
void reason_say(struct reason_case *k, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reads memory; 0 when not all of it is there.  The word has the size of an address. */
int reason_read(const struct reason_case *k, uint64_t address, void *buf, size_t len);
int reason_word(const struct reason_case *k, uint64_t address, uint64_t *value);
/* Reads a string of printable characters, at most size - 1 of them; 0 when there is none, or it is longer. */
int reason_string(const struct reason_case *k, uint64_t address, char *out, size_t size);

/* The rules.  Each returns 1 when it has said why, else 0. */
int reason_fault(struct reason_case *k);	/* SIGSEGV, SIGBUS */
int reason_checked(struct reason_case *k);	/* a check of the C library's own */
int reason_trap(struct reason_case *k);		/* SIGILL, SIGFPE, SIGTRAP, SIGSYS */
int reason_sent(struct reason_case *k);		/* what a process or the kernel sent */
int reason_abort_message(struct reason_case *k);	/* what the C library kept */
int reason_exception(struct reason_case *k);	/* C++ */
int reason_runtime(struct reason_case *k);	/* by the names of functions */

/*
 * The signal frame on the stack, where the thread died in a handler: makes k the case that was handled.  Returns
 * 1, or 0 when there is none.
 */
int reason_interrupted(struct reason_case *k);

/* What a frame's function is called in text; NULL: not known. */
const char *reason_name(const struct reason_frame *f);

/* Appends " in f() at file.c:12", as far as the frame has it. */
void reason_say_place(struct reason_case *k, const struct reason_frame *f);

#endif
