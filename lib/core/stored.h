/* Reading a core as it is stored: plain, compressed by us or by others, encrypted; a file or a stream. */
#ifndef GZCORE_CORE_STORED_H
#define GZCORE_CORE_STORED_H

#include <stdint.h>

#include "core/core.h"
#include "stored/unpack.h"

enum core_stored {
	CORE_STORED_OK,
	CORE_STORED_DAMAGED,	/* read, as far as it goes: why says what is amiss */
	CORE_STORED_CANNOT	/* not read: why says so */
};

/*
 * Shows the core in fd, which stays the caller's, to the parser; *size is what there is of it, bytes.  Of a
 * regular file that is plain, gzip or zlib only what is needed is read, of all else everything.
 * identity: as for unpack_open.
 */
enum core_stored core_stored_read(struct core *c, int fd, const char *identity, uint64_t *size, char why[UNPACK_WHY]);

#endif
