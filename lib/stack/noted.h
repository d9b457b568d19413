/*
 * ELF files made of what a small core's note has of the modules' files (core/unwind.h): call frame
 * information and symbols, for the addresses on its stacks.
 */
#ifndef GZCORE_STACK_NOTED_H
#define GZCORE_STACK_NOTED_H

#include <stddef.h>
#include <stdint.h>

#include "core/core.h"
#include "stored/image.h"

struct trace_noted {
	struct trace_noted_file {
		uint64_t start;		/* where the module's first byte is in memory */
		int fd;
		int given;		/* libdwfl has it */
		int whole;		/* trace_noted_whole() */
	} *file;
	size_t files, room;
};

/* Reads the core's note, and makes a file of each module.  What is malformed is left out. */
void trace_noted_read(struct trace_noted *n, const struct core *c, struct image *i);
void trace_noted_close(struct trace_noted *n);

/* A new descriptor of the file of the module that starts at an address, or -1. */
int trace_noted_open(struct trace_noted *n, uint64_t start);

/* Whether that module's file was given by trace_noted_open since the last trace_noted_forget. */
int trace_noted_given(const struct trace_noted *n, uint64_t start);
void trace_noted_forget(struct trace_noted *n);

/* Whether it has all frames that the module's own file has for the stacks. */
int trace_noted_whole(const struct trace_noted *n, uint64_t start);

#endif
