/* An ELF file in memory, made of what a small core's note has of a module (core/unwind.h). */
#ifndef GZCORE_STACK_NOTED_FILE_H
#define GZCORE_STACK_NOTED_FILE_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "core/core.h"

/* The most segments of a module. */
#define NOTED_SEGMENTS 64

/* A record of the note: its kind, its first two numbers, and its len bytes, at least 16. */
struct noted_record {
	uint32_t kind;
	uint64_t first, second;
	const uint8_t *p;
	size_t len;
};

struct noted_module {
	uint64_t start;			/* where its first byte is in memory */
	uint16_t type;			/* e_type */
	int whole;			/* all that its file has for the stacks is here */
	Elf64_Phdr load[NOTED_SEGMENTS];
	size_t loads;
	struct noted_record *record;	/* descriptions, what they have in common, and symbols */
	size_t records, room;
	uint64_t low, high;		/* of .eh_frame; nothing of it: low is greater */
};

/* Where an entry of .eh_frame is, and its bytes. */
uint64_t trace_noted_entry(const struct noted_record *r, const uint8_t **bytes, size_t *len);

/* Makes the file.  Returns its descriptor, -1 when it cannot be made. */
int trace_noted_make(const struct noted_module *of, const struct core *c);

#endif
