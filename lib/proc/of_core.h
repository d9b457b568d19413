/* Whether a process that is still there is the one that a core is of. */
#ifndef GZCORE_PROC_OF_CORE_H
#define GZCORE_PROC_OF_CORE_H

#include <stdint.h>
#include <sys/types.h>

#include "core/core.h"

struct proc_proof {
	pid_t pid;
	int pidfd;		/* of the process, or -1 */
	/*
	 * A descriptor of /proc/PID (proc_hold): then the kernel must be dumping the process, and a
	 * thread of it must be uid's; or -1.
	 */
	int dumped;
	uint32_t uid;
};

/* Whether the process is what the proof asks for: 1 yes, 0 no. */
int proc_is_proved(const struct proc_proof *p);

/*
 * Whether the process has the core's auxiliary vector, with its random addresses, the core's PID,
 * and all that the proof asks for: 1 yes, 0 no.  The core must have been read as far as NT_AUXV.
 */
int proc_is_of_core(const struct core *c, const struct proc_proof *p);

#endif
