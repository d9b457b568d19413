/* The parts of trim.h among themselves. */
#ifndef GZCORE_TRIM_SEGMENTS_H
#define GZCORE_TRIM_SEGMENTS_H

#include "trim/trim.h"

/* What is kept of an entry of the link map, of which glibc's is longer than what <link.h> shows, bytes. */
#define TRIM_LINK 1200

/* Puts places into their order. */
void trim_places_sort(struct trim_place *p, size_t n);

/* Reads the program headers of the core. */
enum trim_status trim_segments_read(struct trim *t);

/* The first of by_address that ends behind an address: usable when there is none. */
size_t trim_segments_from(const struct trim *t, uint64_t address);

/* Reads memory, as far as the core has it from there in one run; how much, 0 when nothing is there. */
size_t trim_read(const struct trim *t, uint64_t address, void *buf, size_t len);

/* A word of memory; 0, or -1 when it is not there. */
int trim_read_word(const struct trim *t, uint64_t address, uint64_t *value);

/* Keeps the pages of a range, as far as the core has them, the budget lasts and the memory can be read. */
void trim_keep(struct trim *t, enum trim_rule rule, uint64_t start, uint64_t end);

/*
 * Keeps the stack that a pointer leads to, as much of it as the options say, unless it leads to none.  What is behind the
 * thread's own data, which are at its top, is another's: tp is the thread pointer, or 0.
 */
void trim_stack(struct trim *t, enum trim_rule rule, uint64_t sp, uint64_t tp);

/* The names that patterns are for: the path, or its last part. */
int trim_names(const char *pattern, const char *path);

/* Rules that are files of their own. */
void trim_modules(struct trim *t);
/* Whether there is a link map. */
int trim_links(struct trim *t);
void trim_symbols(struct trim *t);

static inline size_t
trim_word(const struct trim *t)
{
	return t->core->is64 ? 8 : 4;
}

#endif
