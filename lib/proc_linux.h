/* What /proc says of a process while the kernel still holds it: proc(5), pidfd_open(2). */
#ifndef GZCORE_PROC_LINUX_H
#define GZCORE_PROC_LINUX_H

#include <stdint.h>
#include <sys/types.h>

#include "elf_id.h"

/* The most bytes of a command line, and of a path, that are kept. */
#define PROC_TEXT 4096

struct proc {
	int has_status;
	uint32_t uid, gid;		/* the real ones */
	uint64_t threads;
	uint32_t nspid;			/* the PID in its own namespace */
	char comm[64];			/* "" when not known; so with the others */
	size_t comm_len;
	char exe[PROC_TEXT];
	size_t exe_len;
	int exe_deleted;		/* the path has gone, or another file has it now */
	char cmdline[PROC_TEXT];	/* arguments with blanks between them */
	size_t cmdline_len;
	int has_id;
	struct elf_id id;		/* of the very binary that runs */
};

/*
 * Reads the facts of a process.  What cannot be read is left out.  Returns 0; -1 with errno when
 * there is no such process.
 */
int proc_read(struct proc *p, pid_t pid);

/* Whether the pidfd is that of the process: 1 yes, 0 no (or it has been reaped), -1 no pidfd. */
int proc_pidfd_is(int pidfd, pid_t pid);

#endif
