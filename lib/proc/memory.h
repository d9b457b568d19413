/*
 * The memory of a process that the kernel is dumping, with the bytes that the kernel itself would
 * write (fs/coredump.c, dump_user_range): zeros where it could not read either.
 */
#ifndef GZCORE_PROC_MEMORY_H
#define GZCORE_PROC_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Several threads may read at once. */
struct proc_memory {
	pid_t pid;
	int fd;			/* its /proc/PID/mem, which no later process can get */
	int dir;		/* its /proc/PID, the same */
	size_t page;
	int direct;		/* process_vm_readv(2) has not been refused yet */
};

/* Returns 0, or -1 with errno: EACCES, EPERM when it may not be read. */
int proc_memory_open(struct proc_memory *m, pid_t pid);
void proc_memory_close(struct proc_memory *m);

/* How memory is read. */
enum proc_memory_how {
	/* by /proc/PID/mem: whatever may be mapped, also what nobody may read, and never waits for
	   userfaultfd(2) */
	PROC_MEMORY_ANY,
	/* the pages are there, and the process may read them; see proc_memory_is_there */
	PROC_MEMORY_PRESENT
};

/*
 * Fills buf[len] with what is at an address.  Returns 0; -1 with errno when the process has ended
 * (ESRCH) or reading failed: what is in buf is worth nothing then.
 */
int proc_memory_read(struct proc_memory *m, uint64_t address, uint8_t *buf, size_t len,
    enum proc_memory_how how);

/*
 * Whether the process has its number still: else what was read with PROC_MEMORY_PRESENT may be of
 * another that got the number.  1 yes, 0 no.
 */
int proc_memory_is_there(const struct proc_memory *m);

#endif
