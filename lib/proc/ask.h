/* Asking a process what it is, without waiting for one that never answers. */
#ifndef GZCORE_PROC_ASK_H
#define GZCORE_PROC_ASK_H

#include <sys/types.h>

#include "proc/proc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How long is waited, ms: far longer than a process takes that answers. */
#define PROC_ASK_MS 2000

/*
 * proc_read in a process of its own.  Returns what is known, which proc_ask_free frees; NULL with errno.  *late
 * is whether not all of it came: the time was up, or the process that asked died.
 */
struct proc *proc_ask(pid_t pid, pid_t tid, int environment, int *late);
void proc_ask_free(struct proc *p);

/*
 * The threads and modules of a process, as core_lists gives them, as a file whose position is 0.  Returns its
 * descriptor, which the caller owns; -1 with errno, ETIMEDOUT when the time was up.
 */
int proc_ask_lists(pid_t pid, int json);

#ifdef __cplusplus
}
#endif

#endif
