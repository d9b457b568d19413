/* The memory of the process that a core is of, by address, wherever the bytes come from. */
#ifndef GZCORE_TRIM_MEMORY_H
#define GZCORE_TRIM_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "elf/layout.h"
#include "trim/trim.h"

/*
 * Reads memory, as far as the core has it in one run from that address on.  Returns how many bytes,
 * 0 when there is none.
 */
size_t trim_read(const struct trim *t, uint64_t address, void *buf, size_t len);

/* Reads a word of memory.  Returns 0, or -1 when it is not there. */
int trim_read_word(const struct trim *t, uint64_t address, uint64_t *value);

/* The size of a word, bytes. */
static inline size_t
trim_word(const struct trim *t)
{
	return elf_word_size(t->core->is64);
}

#endif
