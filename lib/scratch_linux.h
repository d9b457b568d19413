/*
 * A private file that never has a name, so that nothing of it is left when the last process that has it open has
 * ended, however that ended: in memory, or on disk.  Others open it as /proc/PID/fd/N.
 */
#ifndef GZCORE_SCRATCH_LINUX_H
#define GZCORE_SCRATCH_LINUX_H

#include <stdint.h>

/* What goes to memory is at most this part of what is available, and so many bytes. */
#define SCRATCH_PART 8
#define SCRATCH_MOST (1024u * 1024 * 1024)

/*
 * Makes one for so many bytes, UINT64_MAX when that is not known.  Returns a descriptor, O_CLOEXEC, or -1 with errno; *dir is
 * where it is: NULL in memory, else $TMPDIR or /var/tmp.
 */
int scratch_open(uint64_t size, const char **dir);

#endif
