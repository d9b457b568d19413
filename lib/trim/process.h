/*
 * A small core of a process while the kernel still holds it: the notes from the core, the memory
 * from the process.
 */
#ifndef GZCORE_TRIM_PROCESS_H
#define GZCORE_TRIM_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

#include "trim/trim.h"

/* The most time, ms: memory that others provide (userfaultfd(2), FUSE) may never come. */
#define TRIM_PROCESS_MS 10000

struct trim_process {
	pid_t pid;
	int pidfd;	/* of the process, or -1 */
	/*
	 * A descriptor of /proc/PID (proc_hold): then the kernel must be dumping the process, and a
	 * thread of it must be uid's; or -1.
	 */
	int dumped;
	uint32_t uid;
	/* What came of trim_process_hold: CLOSED has the errno held_error. */
	enum { TRIM_NOT_HELD, TRIM_HELD, TRIM_HELD_CLOSED, TRIM_HELD_OTHER } held;
	int held_error;

	/* What came of it. */
	enum trim_status status;
	int error;		/* errno, with TRIM_SYSTEM */
	char name[64];		/* for a message: "pid 123", and what failed */
	int begun;		/* something may have been written */
	int refused;		/* writing failed */
	int full;		/* this and the next are as in struct trim */
	size_t unknown_symbols, unknown_symbol;
};

/*
 * Opens what is read of the process, once all but the core says that it is the right one, for a
 * caller that is about to give up its rights.
 */
void trim_process_hold(struct trim_process *p);

/*
 * Writes the small core of the core whose head is in core and head to fd, above 2, in a process of
 * its own.  The process must be the one that the core is of, by its auxiliary vector and its PID,
 * and that of the pidfd, if there is one.  Returns 0; -1 with what is in p.
 */
int trim_process_write(struct trim_process *p, const struct core *core, struct image *head,
    const struct trim_options *options, int fd);

#endif
