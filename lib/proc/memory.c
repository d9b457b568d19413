#define _GNU_SOURCE
#include "proc/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/io.h"
#include "proc/task.h"

int
proc_memory_open(struct proc_memory *m, pid_t pid)
{
	*m = (struct proc_memory){ .pid = pid, .page = (size_t)sysconf(_SC_PAGESIZE),
		.direct = 1 };
	m->dir = proc_hold(pid);
	m->fd = proc_open_file(pid, "mem");
	return m->dir < 0 || m->fd < 0 ? -1 : 0;
}

void
proc_memory_close(struct proc_memory *m)
{
	if (m->fd >= 0)
		io_close(m->fd);
	if (m->dir >= 0)
		io_close(m->dir);
}

int
proc_memory_is_there(const struct proc_memory *m)
{
	return faccessat(m->dir, "mem", F_OK, 0) == 0;
}

/* A descriptor of its own, for a position that would be negative in a pread. */
static ssize_t
read_high(const struct proc_memory *m, uint64_t address, uint8_t *buf, size_t len)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", m->fd);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return -1;
	errno = 0;
	if (lseek(fd, (off_t)address, SEEK_SET) == -1 && errno != 0)
		n = -1;
	else
		n = io_read_some(fd, buf, len);
	io_close(fd);
	return n;
}

/* Reads some bytes; 0 when the process has ended. */
static ssize_t
read_any(const struct proc_memory *m, uint64_t address, uint8_t *buf, size_t len)
{
	return address > INT64_MAX ? read_high(m, address, buf, len) :
				     io_pread_some(m->fd, buf, len, address);
}

/* Reads pages that are there; 0 when the first cannot be read so. */
static ssize_t
read_present(struct proc_memory *m, uint64_t address, uint8_t *buf, size_t len)
{
	const struct iovec here = { .iov_base = buf, .iov_len = len },
	    there = { .iov_base = (void *)(uintptr_t)address, .iov_len = len };
	ssize_t n;

	if (address > UINTPTR_MAX - len)
		return 0;
	if ((n = process_vm_readv(m->pid, &here, 1, &there, 1, 0)) > 0)
		return n;
	/*
	 * A page that the process changes or loses meanwhile is read the other way.  All others are
	 * too if the call is refused, or cannot reach the memory, as by a first thread that ended.
	 */
	if (n < 0 && errno != EFAULT)
		__atomic_store_n(&m->direct, 0, __ATOMIC_RELAXED);
	return 0;
}

int
proc_memory_read(struct proc_memory *m, uint64_t address, uint8_t *buf, size_t len,
    enum proc_memory_how how)
{
	while (len > 0) {
		size_t page = m->page - (size_t)(address % m->page);
		int present = how == PROC_MEMORY_PRESENT &&
		    __atomic_load_n(&m->direct, __ATOMIC_RELAXED);
		ssize_t n = present ? read_present(m, address, buf, len) : 0;

		page = page < len ? page : len;
		if (n == 0)
			n = read_any(m, address, buf, present ? page : len);
		if (n == 0) {
			errno = ESRCH;
			return -1;
		}
		if (n < 0 && errno != EIO && errno != EFAULT)
			return -1;
		if (n < 0) {
			memset(buf, 0, page);
			n = (ssize_t)page;
		}
		address += (size_t)n;
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}
