/*
 * Where a core's process had code: its executable mappings, by the program headers, also those
 * whose bytes are not in the core; and the code around the crash that a small core has noted.
 */
#ifndef GZCORE_CORE_CODE_H
#define GZCORE_CORE_CODE_H

#include <stddef.h>
#include <stdint.h>

#include "core/core.h"
#include "stored/image.h"

struct core_code {
	struct core_code_range {
		uint64_t start, len;
		int code;
	} *range;			/* by address */
	size_t ranges;
};

/*
 * Reads the headers of a core that has been parsed; none when they are not there.  Returns 0, or -1
 * with errno.
 */
int core_code_open(struct core_code *k, const struct core *c, struct image *i);
void core_code_close(struct core_code *k);

/* 1: code may be executed there; 0: it may not; -1: the headers do not have the address. */
int core_code_at(const struct core_code *k, uint64_t address);

/*
 * The code around the crashed thread's pc, where core-trim(1) has noted it in a small core: a line code=0xADDRESS HEX.
 * Returns how many bytes, 0 when there are none; *start is the address of the first.
 */
#define CORE_CODE_NOTED 32
size_t core_code_noted(const struct core *c, uint64_t *start, uint8_t code[CORE_CODE_NOTED]);

#endif
