/*
 * Why a process died, in one sentence: from the signal's information, the registers and the instruction of the thread
 * that crashed, the mappings, the messages that C libraries and C++ runtimes keep, and the names on its stack.  What
 * is not sure has the word "perhaps" in it; where nothing is known there is no sentence.
 */
#ifndef GZCORE_REASON_REASON_H
#define GZCORE_REASON_REASON_H

#include <stddef.h>
#include <stdint.h>

#include "core/core.h"

/* The longest sentence, and the longest message, bytes with the terminator. */
#define REASON_TEXT 512
#define REASON_MESSAGE 1024

/* A frame of the crashed thread's stack; strings may hold any byte, NULL: not known. */
struct reason_frame {
	uint64_t pc;
	const char *function;	/* mangled or not */
	const char *name;	/* the same as a person reads it, or NULL */
	const char *file;
	int line;
};

struct reason_source {
	const struct core *core;	/* whose notes have been seen */
	/*
	 * Reads memory of the process as far as it is known, from its start: returns how many bytes.  NULL: there is
	 * none.  What no process can have changed, such as code, may come from files.
	 */
	size_t (*memory)(void *arg, uint64_t address, void *buf, size_t len);
	/* Where the data of a symbol is; 0: not found.  NULL: nobody can say. */
	int (*symbol)(void *arg, const char *name, uint64_t *address);
	/* Writes the plain name of a type of C++ to out[len]; 0: cannot.  NULL: nobody can. */
	int (*type_name)(void *arg, const char *mangled, char *out, size_t len);
	void *arg;
	const struct reason_frame *frame;	/* the innermost first */
	size_t frames;
};

struct reason {
	char text[REASON_TEXT];		/* "": not known; any bytes but NUL */
	/* what the program, or its C library, said before it aborted; "": nothing that was kept.  It may be private. */
	char message[REASON_MESSAGE];
};

void reason_find(struct reason *r, const struct reason_source *s);

/* Reads code as memory does, or from the note of a small core. */
size_t reason_code_read(const struct reason_source *s, uint64_t address, void *buf, size_t len);

/*
 * The registers of the crashed thread as "rax=0x1 rbx=0x2 ...", gdb's names in its order; "" when they are not known.
 * Returns out.
 */
#define REASON_REGISTERS 1024
const char *reason_registers(const struct core *c, char out[REASON_REGISTERS]);

/*
 * The bytes around its pc in hexadecimal as Linux's own messages have them, <> around that at the pc; "" when they
 * are not known.  Returns out.
 */
#define REASON_CODE_TEXT 128
const char *reason_code_text(const struct reason_source *s, char out[REASON_CODE_TEXT]);

#endif
