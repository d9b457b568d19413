/* Our note in a core, which core-trim(1) and core-capture(1) make: CORE_SMALL_NOTE of core.h. */
#ifndef GZCORE_CORE_SMALL_H
#define GZCORE_CORE_SMALL_H

#include <stddef.h>
#include <stdint.h>

#include "core/core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A rule by which something was kept, and how much of it. */
struct core_kept {
	char rule[32];		/* [a-z0-9_-]+ */
	uint64_t ranges, bytes;
};

/*
 * Makes the note of a text of n bytes for a core: at most n + 27 bytes of note.  Returns how many,
 * a multiple of 4.
 */
size_t core_note_put(const struct core *c, const char *text, size_t n, uint8_t *note);

/*
 * How many bytes of memory that was never touched core-capture(1) left out of the file; 0 when none.
 */
uint64_t core_holes_left_out(const struct core *c);

/*
 * Whether it is a small core, once the notes have been seen: the word for where its memory is from,
 * a constant, or NULL when it is none; *of is how many bytes the whole one promised, 0 when that is
 * not said.
 */
const char *core_small(const struct core *c, uint64_t *of);

/*
 * The next rule, *at being 0 before the first; whether there was one.  Lines that are none are
 * passed over.
 */
int core_kept_next(const struct core *c, size_t *at, struct core_kept *k);

/*
 * Gives all rules to put, lines kept=RULE RANGES BYTES, or (json) the member kept of an object with
 * a comma before it; nothing when there is none.  Returns 0, or -1 with errno when put did.
 */
int core_kept_put(const struct core *c, int json,
    int (*put)(void *arg, const char *text, size_t len), void *arg);

#ifdef __cplusplus
}
#endif

#endif
