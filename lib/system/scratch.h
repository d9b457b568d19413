/*
 * A private file that never has a name, so that nothing of it is left when the last process that has it open has
 * ended, however that ended: in memory, or on disk.  Others open it as /proc/PID/fd/N.
 */
#ifndef GZCORE_SYSTEM_SCRATCH_H
#define GZCORE_SYSTEM_SCRATCH_H

#include <stdint.h>

/* Of the memory that is available (proc(5), MemAvailable) such a part may be taken, and so many bytes. */
#define SCRATCH_PART 8
#define SCRATCH_MOST (1024u * 1024 * 1024)
/* For what should not be on a disk: such a part, whatever that is. */
#define SCRATCH_SECRET_PART 2

enum scratch_where {
	SCRATCH_FITTING,	/* in memory when it is known to be small */
	SCRATCH_SECRET,		/* in memory unless it is known to be too large */
	SCRATCH_DISK
};

/*
 * Makes one for so many bytes, UINT64_MAX when that is not known.  Returns a descriptor, O_CLOEXEC, or -1 with errno;
 * *dir is where it is: NULL in memory, else $TMPDIR or /var/tmp; *most how many bytes may be written to it,
 * UINT64_MAX for any.
 */
int scratch_open(uint64_t size, enum scratch_where where, const char **dir, uint64_t *most);

#endif
