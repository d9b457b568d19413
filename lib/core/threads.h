/*
 * The threads of a core: their NT_PRSTATUS notes, one after the other, and the registers in those.
 */
#ifndef GZCORE_CORE_THREADS_H
#define GZCORE_CORE_THREADS_H

#include <stddef.h>
#include <stdint.h>

#include "core/core.h"
#include "elf/machine.h"
#include "stored/image.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The table of a machine, NULL when there is none. */
const struct core_registers *core_registers(uint16_t machine, int is64);

struct core_status {
	uint32_t tid;
	uint32_t signal;	/* pr_cursig */
	uint64_t registers;	/* offset of pr_reg in the core */
};

/* Where a walk over the notes is; all zeros at first. */
struct core_threads {
	int segment;		/* of notes */
	uint64_t at;		/* in it */
};

/* A note: where its descriptor is in the core. */
struct core_note_at {
	uint32_t type;
	uint64_t at, len;
};

/* The next note of an owner of 4 to 7 characters; 0 at the end. */
int core_note_next_of(struct core_threads *w, const struct core *c, struct image *i,
    const char *owner, struct core_note_at *n);

/* The same of the owner CORE. */
int core_note_next(struct core_threads *w, const struct core *c, struct image *i,
    struct core_note_at *n);

/*
 * The next thread of a core whose headers have been parsed, in the core's order: the one that
 * crashed is the first.  Returns 1, or 0 at the end, also that of what there is.
 */
int core_threads_next(struct core_threads *w, const struct core *c, struct image *i,
    struct core_status *t);

#ifdef __cplusplus
}
#endif

#endif
