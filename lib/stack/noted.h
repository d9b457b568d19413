/*
 * ELF files made of what a small core's note has of the modules' files (core/unwind.h): call frame
 * information and symbols, for the addresses on its stacks.
 */
#ifndef GZCORE_STACK_NOTED_H
#define GZCORE_STACK_NOTED_H

#include <stddef.h>
#include <stdint.h>

#include "core/core.h"
#include "core/unwind.h"
#include "stored/image.h"

struct trace_noted {
	struct trace_noted_file {
		uint64_t start;		/* where the module's first byte is in memory */
		int fd;
		int given;		/* libdwfl has it */
		int whole;		/* trace_noted_whole() */
	} *file;
	size_t files, room;
	/* the code where the crashed thread stood: code_len bytes */
	uint64_t code_at;
	size_t code_len;
	uint8_t code[CORE_UNWIND_CODE_BYTES];
};

/* Reads the core's note, and makes a file of each module.  What is malformed is left out. */
void trace_noted_read(struct trace_noted *n, const struct core *c, struct image *i);
void trace_noted_close(struct trace_noted *n);

/* A new descriptor of the file of the module that starts at an address, or -1. */
int trace_noted_open(struct trace_noted *n, uint64_t start);

/* The bytes that were noted of the code at an address, at most len; 0 when there are none. */
size_t trace_noted_code(const struct trace_noted *n, uint64_t address, uint8_t *buf, size_t len);

/* Whether that module's file was given by trace_noted_open since the last trace_noted_forget. */
int trace_noted_given(const struct trace_noted *n, uint64_t start);
void trace_noted_forget(struct trace_noted *n);

/* Whether it has all frames that the module's own file has for the stacks. */
int trace_noted_whole(const struct trace_noted *n, uint64_t start);

#endif
