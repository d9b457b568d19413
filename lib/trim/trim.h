/*
 * A core cut down to what a debugger needs to show the stacks: which pages of the memory those are, and a core of
 * them alone.  Its headers and notes come from a file that can be sought, its memory from wherever the caller
 * has it: the core itself, or the process while the kernel still holds it.
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

/* What is kept of each stack unless the caller says, bytes; and the least. */
#define TRIM_STACK 65536u
#define TRIM_STACK_LEAST 4096u
/* The most steps that pointers are followed. */
#define TRIM_DEPTH 16

/*
 * The type of a program header for memory that was in the whole core and is not in this one: p_memsz says how
 * much, p_filesz is 0.  It is PT_NULL: of a PT_LOAD gdb shows what has no bytes in the file as zeros, and with a type
 * of our own it takes no core of aarch64.
 */
#define TRIM_PT_LEFT_OUT 0u

/* Where the memory came from, for the note. */
enum trim_source { TRIM_FILE, TRIM_STREAM, TRIM_PROCESS };

/* Why memory is kept, in the order of its worth: with a budget the last go without first. */
enum trim_rule {
	TRIM_MODULES = 1,	/* ELF headers, notes and dynamic sections of the modules; the vdso */
	TRIM_LINKS,		/* what the dynamic linker says of them: r_debug, the link map, its own data */
	TRIM_CRASHED,		/* the stack of the thread that crashed */
	TRIM_REGISTERS,		/* the page around each address in its registers */
	TRIM_ASKED,		/* what the caller asked for */
	TRIM_STACKS,		/* the stacks of the other threads */
	TRIM_THREADS,		/* where the thread pointers point: libthread_db */
	TRIM_CODE,		/* code that no file has, around what may be return addresses into it */
	TRIM_DATA,		/* small mappings of files, and small data of no file */
	TRIM_POINTED,		/* what the stacks point to, as deep as the caller asked for */
	TRIM_REST,		/* with a budget: the rest of the stacks, then of the modules' data */
	TRIM_RULES
};

struct trim_options {
	uint64_t stack;			/* bytes of each stack, from its pointer upwards */
	uint64_t budget;		/* bytes of the small core, which are used up; 0: none */
	uint64_t memory;		/* bytes of memory that it has at most, headers and notes not counted; 0: any */
	unsigned depth;			/* so many steps to what the stacks point to */
	const char *const *pattern;	/* of files (fnmatch(3)), whose mappings are kept: of the path, or its last part */
	size_t patterns;
	const struct trim_span {
		uint64_t start, len;
	} *span;			/* memory that is kept */
	size_t spans;
	const char *const *symbol;	/* "module!symbol", whose data is kept; module as pattern */
	size_t symbols;
};

/* The memory of the process that is in the core. */
struct trim_memory {
	enum trim_source source;
	/* Reads from an address, whose byte is at that offset of the core; less when the rest is not there. */
	ssize_t (*read)(void *arg, uint64_t address, uint64_t offset, void *buf, size_t len);
	void *arg;
};

/* That of a core that can be sought: the image is the caller's. */
struct trim_memory trim_memory_image(struct image *i);

enum trim_status {
	TRIM_OK,
	TRIM_SYSTEM,		/* errno */
	TRIM_NO_CORE,		/* the core's bad says why */
	TRIM_CUT,		/* it ends inside its headers or notes */
	TRIM_BACKWARDS,		/* of a stream: its notes come behind its memory */
	TRIM_MACHINE,		/* of which we do not know the registers */
	TRIM_THREADS_NONE,	/* its notes have no thread's registers */
	TRIM_BUDGET		/* its headers and notes alone are more than that */
};
const char *trim_words(enum trim_status st);

/* A program header of the core. */
struct trim_segment {
	uint64_t offset, vaddr, filesz, memsz;
	uint32_t type, flags;
	uint32_t align;		/* of no more than TRIM_PAGE */
};

struct trim {
	/* The caller's, before trim_plan: the core, parsed as far as its notes; where its headers and notes can be read. */
	const struct core *core;
	struct image *head;
	const struct trim_options *options;
	struct trim_memory memory;

	/* What has become of it. */
	int full;			/* more than TRIM_PAGES were wanted: what is left out was of less worth */
	size_t unknown_symbols;		/* of options->symbol that were not found; which is the first */
	size_t unknown_symbol;

	/* Its own. */
	struct trim_segment *segment;	/* in the order of the core's headers */
	struct trim_place {
		uint64_t at;		/* an address, or an offset in the core */
		size_t segment;
	} *by_address;			/* of those with memory that can be kept */
	size_t segments, usable;
	const struct core_registers *registers;
	struct trim_pages pages;
	struct trim_window {
		uint64_t sp, start, end;
		uint64_t limit;	/* the stack cannot go on behind it */
	} *window;			/* of stacks */
	size_t windows, window_room;
	uint64_t *added;		/* pages that one step of pointers has added */
	size_t added_count, added_room;
	uint64_t left;			/* of the budget, bytes */
	uint64_t looks;			/* at the headers of modules */
	int broken;			/* memory ran out: errno */
};

/* Says which pages are kept.  To be ended by trim_close, whatever it returned; that makes ready for another plan. */
enum trim_status trim_plan(struct trim *t);
void trim_close(struct trim *t);

/*
 * Writes the small core to a descriptor.  Returns 0; -1 with errno when what was there is not to be read any
 * more (EIO), or the writing failed.
 */
int trim_write(struct trim *t, int fd);

/* For those who select from a stream: the pages that can be said to be kept before any memory is seen. */
enum trim_status trim_foresee(struct trim *t);

/* In which segment an address is: its place in segment, or SIZE_MAX when nothing of it could be kept. */
size_t trim_segment_at(const struct trim *t, uint64_t address);

#endif
