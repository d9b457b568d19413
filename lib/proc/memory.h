/*
 * The memory of a process that the kernel is dumping, with the bytes that the kernel itself would
 * write (fs/coredump.c, dump_user_range): zeros where it could not read either.
 *
 * process_vm_readv(2) is faster than /proc/PID/mem, but it waits for ever where userfaultfd(2) has
 * no page, and gives the process a copy of each page that it shares with its parent or a child
 * (FAULT_FLAG_UNSHARE in mm/gup.c, since Linux 5.19).  So it reads only pages of private memory that
 * are there and that no other process has, by /proc/PID/pagemap, and none where users may answer
 * the kernel's faults.  /proc/PID/mem reads whatever is mapped, and never waits.
 */
#ifndef GZCORE_PROC_MEMORY_H
#define GZCORE_PROC_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Several threads may read at once. */
struct proc_memory {
	pid_t pid;
	int fd;			/* its /proc/PID/mem, which is never a later process's */
	int dir, pagemap;	/* its /proc/PID, and the file there, likewise */
	size_t page;
	int direct;		/* process_vm_readv(2) has not been refused yet */
};

/*
 * Returns 0, or -1 with errno: EACCES, EPERM when it may not be read, EOPNOTSUPP when not all of it
 * can be.
 */
int proc_memory_open(struct proc_memory *m, pid_t pid);
void proc_memory_close(struct proc_memory *m);

/*
 * Fills buf[len] with what is at an address.  Returns 0; -1 with errno when the process has ended
 * (ESRCH) or reading failed: what is in buf is worth nothing then.
 */
int proc_memory_read(struct proc_memory *m, uint64_t address, uint8_t *buf, size_t len);

/*
 * Whether the process has its number still: else what was read may be of another that got the
 * number.  1 yes, 0 no.
 */
int proc_memory_has_pid(const struct proc_memory *m);

#endif
