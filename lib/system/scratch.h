/*
 * A private file without a name, in memory or on disk.  When the last process that has it open has
 * ended, in whatever way, nothing of it is left.  Other processes can open it as /proc/PID/fd/N.
 */
#ifndef GZCORE_SYSTEM_SCRATCH_H
#define GZCORE_SYSTEM_SCRATCH_H

#include <stdint.h>

/*
 * A file in memory may take at most this part of the available memory (proc(5), MemAvailable), and
 * this many bytes.
 */
#define SCRATCH_PART 8
#define SCRATCH_MOST (1024u * 1024 * 1024)
/* Data that should not be on a disk may take this part, without another limit. */
#define SCRATCH_SECRET_PART 2

enum scratch_where {
	SCRATCH_FITTING,	/* in memory if it is known to be small */
	SCRATCH_SECRET,		/* in memory unless it is known to be too large */
	SCRATCH_DISK
};

/*
 * Makes a file for size bytes, UINT64_MAX if that is not known.  Returns a descriptor, O_CLOEXEC,
 * or -1 with errno. Sets *dir to its directory, $TMPDIR or /var/tmp, or to NULL if it is in memory;
 * and *most to the number of bytes that may be written to it, UINT64_MAX for any number.
 */
int scratch_open(uint64_t size, enum scratch_where where, const char **dir, uint64_t *most);

#endif
