/* All that core-info(1) says: of a core, and of a process that is there. */
#ifndef GZCORE_PROC_REPORT_H
#define GZCORE_PROC_REPORT_H

#include <stdint.h>
#include <sys/types.h>

#include "core/core.h"
#include "proc/proc.h"

/* A process, and what is asked about it. */
struct report_process {
	pid_t pid, tid;		/* tid 0: no thread in particular */
	int lists, environment;	/* also its threads and modules; also its environment */
	int json;
	/* Proofs that it is the right process, asked before and after; -1: none. */
	int pidfd;		/* that of the process */
	int dumped;		/* of proc_hold: the kernel must be dumping it, as one of uid */
	uint32_t uid;

	/* What was read. */
	struct proc *proc;
	int late;		/* not all came in time */
	int listed;		/* the descriptor of the lists, or -1 */
	int lists_error;	/* errno of the lists, 0: there are some, or none were asked for */
};

enum report_status {
	REPORT_OK,
	REPORT_OTHER,		/* the pidfd is that of another process */
	REPORT_NOT_DUMPED,
	REPORT_GONE,		/* a proof failed after the facts were read */
	REPORT_CANNOT		/* errno says why */
};

/* Whether it is the right process, by the proofs that there are. */
int report_proves(const struct report_process *p);

/* Reads all that is asked; report_free frees it, whatever came back. */
enum report_status report_read(struct report_process *p);
void report_free(struct report_process *p);

/* Writes it to fd.  Returns 0, or -1 with errno. */
int report_put(const struct report_process *p, int fd);

/*
 * Gives put what is known of a core, of which bytes have come, piece by piece.  Returns 0, or -1
 * with errno.
 */
int report_core(struct core *c, uint64_t bytes, int lists, int json,
    int (*put)(void *arg, const char *text, size_t len), void *arg);

/* The same, to fd, where others may write too if it is a pipe: lines stay whole (line_pipe.h). */
int report_core_shared(struct core *c, uint64_t bytes, int lists, int json, int fd);

#endif
