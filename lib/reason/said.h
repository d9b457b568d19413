/*
 * Finds the memory that says why a process aborted, for a small core: the exception that a C++
 * runtime handles, with its text, and the message of glibc.
 */
#ifndef GZCORE_REASON_SAID_H
#define GZCORE_REASON_SAID_H

#include <stddef.h>
#include <stdint.h>

#include "core/core.h"

struct reason_said {
	const struct core *core;	/* whose notes have been seen */
	/* Reads memory, as far as it is there: returns how many bytes. */
	size_t (*read)(void *arg, uint64_t address, void *buf, size_t len);
	/* Called for each place, [start, end); of these there are few. */
	void (*keep)(void *arg, uint64_t start, uint64_t end);
	void *arg;
};

void reason_said(const struct reason_said *s);

#endif
