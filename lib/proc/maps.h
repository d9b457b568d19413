/* A living process, seen as its core would show it: threads, mapped files, modules (proc(5)). */
#ifndef GZCORE_PROC_MAPS_H
#define GZCORE_PROC_MAPS_H

#include <sys/types.h>

#include "core/core.h"

/* Adds the threads of a process, with their names, to a core that has none.  Returns 0, or -1 with errno. */
int proc_threads(struct core *c, pid_t pid);

/*
 * Gives each line of a file such as /proc/PID/maps, without its newline, which give may change,
 * until give returns another number than 0.  Returns 0, 1 when a line was too long to be given, or -1 with errno.
 */
int proc_lines(int fd, int (*give)(void *arg, char *line), void *arg);
/* The same for /proc/PID/maps, from a thread that has not ended. */
int proc_map_lines(pid_t pid, int (*give)(void *arg, char *line), void *arg);

/*
 * Reads which files are mapped, as NT_FILE has them, in place of what f held, from a thread that has not ended.
 * With a pidfd (else -1) the process must be that one, and with its directory dumped (of proc_hold, else -1) one that
 * is dumped and of the user uid, before and after.  Returns 0, or -1 with errno, ESRCH when it is not: f is empty then.
 */
int proc_files(struct core_files *f, pid_t pid, int pidfd, int dumped, uint32_t uid);

/*
 * Looks at the first bytes of each file in the memory of the process, mem, and keeps what identity it has.
 * This may wait for ever, see proc_ask_linux.h.  Returns 0, or -1 with errno.
 */
int proc_modules(struct core_files *f, int mem);

#endif
