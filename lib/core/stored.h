/* What a stored core says of itself, read once, in order where it can only be read so. */
#ifndef GZCORE_CORE_STORED_H
#define GZCORE_CORE_STORED_H

#include <stdint.h>

#include "core/core.h"
#include "stored/open.h"

/*
 * Shows the core in fd to the parser, after core_open; fd stays the caller's.  *size is what there
 * is of it, bytes.  Of a regular file that is plain, gzip or zlib only what is needed is read, of
 * all else everything, and nothing is copied.  identity: as for stored_open.  STORED_DAMAGED: it
 * was read as far as it goes.
 */
enum stored_status core_stored_read(
    struct core *c, int fd, const char *identity, uint64_t *size, char why[UNPACK_WHY]);

#endif
