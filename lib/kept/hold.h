/* The files of a process's modules, opened while the kernel still holds the process. */
#ifndef GZCORE_KEPT_HOLD_H
#define GZCORE_KEPT_HOLD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/core.h"

/* The most modules of a process that are held, each with a descriptor. */
#define KEPT_MODULES 1024
/* The most bytes of their paths. */
#define KEPT_PATHS CORE_PATHS

/* How long one file, or one page of memory, is waited for, and all of it together, ms. */
#define KEPT_STALL_MS 500
#define KEPT_HOLD_MS 2000

struct kept_process {
	pid_t pid;
	int pidfd;	/* of the process, or -1 */
	/*
	 * A descriptor of /proc/PID (proc_hold): then the kernel must be dumping the process, and a
	 * thread of it must be uid's; or -1.
	 */
	int dumped;
	uint32_t uid;
};

struct kept_module {
	uint64_t start, end;		/* addresses of the mapping of the file's first bytes */
	uint32_t path;			/* in paths */
	int tried, opened, why;		/* its file, and the errno */
	int answered;			/* its memory was read */
	uint32_t head_len;		/* bytes of its head; 0: no ELF file is there */
};

/* What the process that looks writes, and we read. */
struct kept_shared {
	int error;			/* errno; 0: all is well */
	int listed, proved;
	int cut;			/* there are more modules than are held */
	int dumped;			/* the kernel is dumping the process */
	int has_user;
	uint32_t uid, gid;		/* the real ones of the process */
	size_t count, opened, given, read;	/* modules, and how many of them so far */
	size_t paths_len;
	struct kept_module module[KEPT_MODULES];
	char paths[KEPT_PATHS];
	/* What the process has at the start of each. */
	uint8_t head[KEPT_MODULES][CORE_IMAGE_HELD];
};

struct kept_held {
	struct kept_shared *shared;
	int fd[KEPT_MODULES];		/* of each module, O_PATH, or -1 */
};

/*
 * Lists the files whose first bytes are mapped, for the child that looks; this may wait.  Returns 0,
 * or -1 with errno as proc_files.
 */
int kept_list(struct kept_shared *s, const struct kept_process *p);

/*
 * Opens the file of each mapped ELF file, and reads the start of its image.  A file is the very one
 * that was mapped (proc(5), /proc/PID/map_files), whatever its path leads to by now, and opening it
 * with O_PATH does not call its file system.  What may wait for ever all the same, memory that
 * others provide, is done by a child that is killed after KEPT_STALL_MS; what it stood at is left
 * out.  Takes at most KEPT_HOLD_MS and a bit.  Returns 0; -1 with errno, ESRCH when it is not that
 * process.  kept_hold_close frees what is in h in either case.
 */
int kept_hold(struct kept_held *h, const struct kept_process *p);

/*
 * If the kernel is dumping the process, waits until it has gone, at most ms milliseconds: what else
 * there is to do only takes processors from those for which it waits.
 */
void kept_hold_wait(const struct kept_held *h, const struct kept_process *p, int ms);
void kept_hold_close(struct kept_held *h);

#endif
