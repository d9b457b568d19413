/* What the note of core-trim(1) in a small core says: CORE_SMALL_NOTE of core.h. */
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
