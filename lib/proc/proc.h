/* What /proc says of a process while the kernel still holds it: proc(5), pidfd_open(2). */
#ifndef GZCORE_PROC_H
#define GZCORE_PROC_H

#include <stdint.h>
#include <sys/types.h>

#include "elf/id.h"
#include "proc/cgroup.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The most bytes of a command line, of the path of the executable, and of a directory's, that are kept. */
#define PROC_TEXT 4096
#define PROC_DIR 1024
/* The most bytes of an environment that are read. */
#define PROC_ENVIRONMENT (256u * 1024)
/* The most open files that are counted one by one, where the kernel (before 6.2) does not say how many. */
#define PROC_OPEN_FILES 65536
/* What the link of a descriptor, and the path of a mapping, is for a ring of io_uring. */
#define PROC_RING "anon_inode:[io_uring]"
/* The most open files that are asked whether they are rings of io_uring: those with the lowest numbers. */
#define PROC_RINGS 4096

/* Whether it acts as its real user and group alone. */
enum proc_rights { PROC_RIGHTS_UNKNOWN, PROC_RIGHTS_USER, PROC_RIGHTS_MORE };

struct proc {
	int has_status;
	uint32_t uid, gid, euid, egid;	/* the real and the effective ones */
	uint64_t threads;
	uint64_t vsize, rss, rss_peak, swap;	/* bytes; 0 when not known */
	uint32_t nspid;			/* the PID in its own namespace */
	char comm[64];			/* "" when not known; so with the others */
	size_t comm_len;
	char thread_name[64];		/* of the thread that was asked for */
	size_t thread_name_len;
	int has_uptime, has_open_files;
	uint64_t uptime;		/* since it was started, milliseconds */
	uint64_t open_files;
	int io_uring;			/* among them are rings of io_uring(7) */
	/* "core=0:unlimited nofile=1024:4096": those that limit, soft and hard */
	char limits[768];
	struct cgroup cgroup;
	int has_container_owner;
	/* the user who made its user namespace, when that is not ours (ioctl_ns(2)) */
	uint32_t container_owner;
	enum proc_rights rights;
	char cwd[PROC_DIR], root[PROC_DIR];
	size_t cwd_len, root_len;
	char exe[PROC_TEXT];
	size_t exe_len;
	int exe_deleted;		/* the path has gone, or another file has it now */
	char cmdline[PROC_TEXT];	/* arguments with blanks between them */
	size_t cmdline_len;
	int has_id;
	struct elf_id id;		/* of the very binary that runs */
	size_t environment_len;
	/* when asked for: NAME=VALUE, each with its NUL, and a NUL behind */
	char environment[PROC_ENVIRONMENT];
};

/*
 * Reads the facts of a process, with the name of its thread tid unless that is 0, and what was its environment
 * when it was started.  Where its first thread has ended, what that has no longer is another's, tid's if that is
 * there.  What cannot be read is left out.  What may be waited for, its executable on a file system that hangs, is read
 * last: see proc_ask_linux.h.  Returns 0; -1 with errno when there is no such process.
 */
int proc_read(struct proc *p, pid_t pid, pid_t tid, int environment);

/* Whether the pidfd is that of the process: 1 yes, 0 no (or it has been reaped), -1 no pidfd. */
int proc_pidfd_is(int pidfd, pid_t pid);

/* Whether a number is the PID of the process in one of its namespaces: 1 yes, 0 no, -1 that cannot be known. */
int proc_has_pid(pid_t pid, uint32_t number);

#ifdef __cplusplus
}
#endif

#endif
