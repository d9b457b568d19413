/*
 * A small core: a core cut down to the memory that a debugger needs to show the stacks.  A plan
 * says which pages those are.  Headers and notes come from a file that can be sought, memory from
 * wherever the caller has it: the core itself, or the process while the kernel still holds it.
 */
#ifndef GZCORE_TRIM_H
#define GZCORE_TRIM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/core.h"
#include "core/threads.h"
#include "stored/image.h"
#include "trim/pages.h"
#include "trim/segments.h"

/*
 * How much of each stack is kept unless the caller says otherwise, and the least that it may say,
 * bytes.
 */
#define TRIM_STACK 65536u
#define TRIM_STACK_LEAST 4096u
/* Pointers are followed for at most this many steps. */
#define TRIM_DEPTH 16

/*
 * The type of a program header for memory that was in the whole core and is not in this one:
 * p_memsz says how much, p_filesz is 0.  It is PT_NULL: gdb shows the part of a PT_LOAD that has no
 * bytes in the file as zeros, and it refuses a core of aarch64 with a type of our own.
 */
#define TRIM_PT_LEFT_OUT 0u

/* Where the memory comes from, for the note. */
enum trim_source { TRIM_FILE, TRIM_STREAM, TRIM_PROCESS };

/* Why memory is kept, the most valuable first: a budget is used up in this order. */
enum trim_rule {
	TRIM_MODULES = 1,	/* the modules' ELF headers, notes, dynamic sections; the vdso */
	TRIM_LINKS,		/* the dynamic linker's r_debug, link map and own data */
	TRIM_CRASHED,		/* the stack of the thread that crashed */
	TRIM_REGISTERS,		/* the page around each address in its registers; why it aborted */
	TRIM_ASKED,		/* what the caller asked for */
	TRIM_STACKS,		/* the stacks of the other threads */
	TRIM_THREADS,		/* where the thread pointers point: libthread_db */
	TRIM_CODE,		/* code that is in no file, around possible return addresses */
	TRIM_DATA,		/* small mappings, of files and of none */
	TRIM_POINTED,		/* memory that the stacks point to, in steps */
	TRIM_REST,		/* with a budget: the rest of the stacks and the modules */
	TRIM_RULES
};

struct trim_options {
	uint64_t stack;			/* bytes of each stack, from its pointer upwards */
	uint64_t budget;		/* the bytes of the small core, all of them used; 0: any */
	uint64_t memory;		/* the most bytes of memory in it; 0: any */
	unsigned depth;			/* how many steps pointers on the stacks are followed */
	/* Files whose mappings are kept (fnmatch(3)): the path, or its last part. */
	const char **pattern;
	size_t patterns;
	struct trim_span {
		uint64_t start, len;
	} *span;			/* memory that is kept */
	size_t spans;
	int unwind;			/* a note has what the modules' files say of the stacks */
	const char **symbol;		/* "module!symbol", whose data is kept; module as pattern */
	size_t symbols;
};

/* How the memory of the process is read. */
struct trim_memory {
	enum trim_source source;
	/*
	 * Reads from an address; offset is where the core has its byte.  Returns less when the rest
	 * is not there.
	 */
	ssize_t (*read)(void *arg, uint64_t address, uint64_t offset, void *buf, size_t len);
	void *arg;
};

/* Memory in a core that can be sought.  The image stays the caller's. */
struct trim_memory trim_memory_image(struct image *i);

enum trim_status {
	TRIM_OK,
	TRIM_SYSTEM,		/* errno */
	TRIM_NO_CORE,		/* core->bad says why */
	TRIM_CUT,		/* the core ends inside its headers or notes */
	TRIM_BACKWARDS,		/* a stream's notes come behind its memory */
	TRIM_MACHINE,		/* we do not know this machine's registers */
	TRIM_THREADS_NONE,	/* the notes have no thread's registers */
	TRIM_BUDGET		/* the headers and notes alone are over the budget */
};
const char *trim_words(enum trim_status st);

/* The pages that are kept; keep.c. */
struct trim_kept {
	struct trim_pages pages;
	uint64_t left;		/* bytes of the budget */
	/* The pages added since trim_trail_begin. */
	struct trim_trail {
		uint64_t *page;
		size_t count, room;
	} trail;
};

/* The stacks that are kept; stacks.c. */
struct trim_stacks {
	struct trim_stack {
		uint64_t sp, start, end;
		uint64_t limit;	/* the stack cannot go on behind it */
	} *stack;
	size_t count, room;
};

struct trim {
	/*
	 * The caller's, before trim_plan: the core, parsed as far as its notes; where its headers
	 * and notes can be read.
	 */
	const struct core *core;
	struct image *head;
	const struct trim_options *options;
	struct trim_memory memory;
	pid_t pid;			/* whose modules' files are in /proc, or 0 */

	/* The plan's results. */
	int full;			/* more than TRIM_PAGES were wanted: the rest is left out */
	size_t unknown_symbols;		/* how many of options->symbol were not found */
	size_t unknown_symbol;		/* the index of the first */
	struct trim_unwind {
		uint8_t *note;		/* NULL: none */
		size_t len;		/* a multiple of 4 */
		size_t functions;	/* that have their frames in it */
	} unwind;

	/* The plan's own. */
	struct trim_segments segments;
	struct trim_kept kept;
	struct trim_stacks stacks;
	const struct core_registers *registers;
	uint64_t module_reads;		/* headers and dynamic entries; modules.c */
	int broken;			/* memory ran out */
};

/*
 * Says which pages are kept.  The caller ends the plan with trim_close, whatever came back; then t
 * can have another.
 */
enum trim_status trim_plan(struct trim *t);
void trim_close(struct trim *t);

/*
 * Writes the small core to a descriptor.  Returns 0; -1 with errno: EIO when memory that could be
 * read no longer can, else the write's.
 */
int trim_write(struct trim *t, int fd);

/*
 * The same as trim_plan for a stream: which pages will be kept, as far as that is known before any
 * memory is seen.
 */
enum trim_status trim_foresee(struct trim *t);

#endif
