/* The record of a crash: what a core, and what a process that the kernel holds, puts into it. */
#ifndef GZCORE_PROC_FACTS_H
#define GZCORE_PROC_FACTS_H

#include <stdint.h>
#include <sys/types.h>

#include "core/core.h"
#include "proc/proc.h"
#include "record/record.h"

/* How long the file that a core names is waited for, ms: it may lie on a file system that hangs. */
#define FACTS_FILE_MS 2000

/*
 * The identity of a core's file (NULL: none).  The .uuid section, which is not loaded, comes from
 * the file of that path when it has the core's build-id.  Returns 0, or -1 when there is none.
 */
int facts_identity(const struct core_file *f, struct elf_id *id);

/*
 * Appends what the core says of itself, of which bytes have come; it is complete when those are all
 * that its headers promise.
 */
void facts_core(struct record *r, struct core *c, uint64_t bytes);

/*
 * Appends what is known of the process, with the time and the host.  tid is the thread that was
 * asked for, or 0.
 */
void facts_process(struct record *r, const struct proc *p, pid_t pid, pid_t tid);

#endif
