/* The part of core.c that knows the mapped files' first bytes: to be called from there. */
#ifndef GZCORE_CORE_MODULES_H
#define GZCORE_CORE_MODULES_H

#include "core/core.h"

/* All notes have been seen: finds which files are mapped, and where their first bytes are in the core. */
void core_modules_resolve(struct core *c);

/* As core_next, core_feed (0: the bytes are no file's), core_drop and core_end, of those bytes. */
int core_modules_next(const struct core *c, uint64_t at, uint64_t *offset, uint64_t *len);
size_t core_modules_feed(struct core *c, uint64_t offset, const uint8_t *bytes, size_t n);
void core_modules_drop(struct core *c, uint64_t offset);
void core_modules_end(struct core *c);

#endif
