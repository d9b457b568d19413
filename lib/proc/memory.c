#define _GNU_SOURCE
#include "proc/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/io.h"
#include "proc/task.h"

/* How many pages are looked up at once; fewer than so many are not worth a look. */
#define PAGES 64
#define PAGES_LEAST 8

/* Bits of an entry of pagemap: the page is there; of a file, or shared; no other process has it. */
#define ENTRY_PRESENT (UINT64_C(1) << 63)
#define ENTRY_FILE (UINT64_C(1) << 61)
#define ENTRY_EXCLUSIVE (UINT64_C(1) << 56)

/*
 * Whether only root can have userfaultfd(2) answer for the kernel, see
 * Documentation/admin-guide/mm/userfaultfd.rst: a page may vanish after it was seen, and who has
 * then no answer waits for ever.
 */
static int
faults_are_roots(void)
{
	char text[8];
	struct stat st;
	int fd = open("/proc/sys/vm/unprivileged_userfaultfd", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = io_read(fd, text, sizeof(text));
	io_close(fd);
	if (n < 1 || text[0] != '0')
		return 0;
	return stat("/dev/userfaultfd", &st) < 0 ? errno == ENOENT :
						   st.st_uid == 0 && (st.st_mode & 077) == 0;
}

/*
 * Whether /proc/PID/mem reads what the process itself may not, as the kernel's core has it: since
 * Linux 6.12 proc_mem.force_override= may forbid it (fs/proc/base.c).  Tried on a page of our own.
 */
static int
reads_unreadable(size_t page)
{
	uint8_t *p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC), rc = 0;
	uint8_t byte = 0;

	if (p != MAP_FAILED) {
		*p = 1;
		rc = fd >= 0 && mprotect(p, page, PROT_NONE) == 0 &&
		    io_pread(fd, &byte, 1, (uintptr_t)p) == 1 && byte == 1;
		munmap(p, page);
	}
	if (fd >= 0)
		io_close(fd);
	return rc;
}

int
proc_memory_open(struct proc_memory *m, pid_t pid)
{
	*m = (struct proc_memory){ .pid = pid, .page = (size_t)sysconf(_SC_PAGESIZE),
		.direct = faults_are_roots() };
	m->dir = proc_hold(pid);
	m->fd = proc_open_file(pid, "mem");
	m->pagemap = proc_open_file(pid, "pagemap");
	if (m->dir < 0 || m->fd < 0 || m->pagemap < 0)
		return -1;
	if (reads_unreadable(m->page))
		return 0;
	errno = EOPNOTSUPP;
	return -1;
}

void
proc_memory_close(struct proc_memory *m)
{
	if (m->fd >= 0)
		io_close(m->fd);
	if (m->dir >= 0)
		io_close(m->dir);
	if (m->pagemap >= 0)
		io_close(m->pagemap);
}

int
proc_memory_has_pid(const struct proc_memory *m)
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

/*
 * How many bytes from a page on have the same answer as the first page: whether it is in memory, and
 * this process's alone.
 */
static size_t
exclusive_run(const struct proc_memory *m, uint64_t address, size_t len, int *alone)
{
	const uint64_t want = ENTRY_PRESENT | ENTRY_EXCLUSIVE, mask = want | ENTRY_FILE;
	uint64_t entry[PAGES];
	size_t most = len / m->page < PAGES ? len / m->page : PAGES, i = 1;
	ssize_t n = io_pread(m->pagemap, entry, most * sizeof(*entry),
	    address / m->page * sizeof(*entry));

	*alone = 0;
	if (n < (ssize_t)sizeof(*entry))
		return len;
	*alone = (entry[0] & mask) == want;
	while (i < (size_t)n / sizeof(*entry) && ((entry[i] & mask) == want) == *alone)
		i++;
	return i * m->page;
}

/* Reads pages that are there; 0 when they cannot be read so. */
static ssize_t
read_directly(struct proc_memory *m, uint64_t address, uint8_t *buf, size_t len)
{
	const struct iovec here = { .iov_base = buf, .iov_len = len },
	    there = { .iov_base = (void *)(uintptr_t)address, .iov_len = len };
	ssize_t n = process_vm_readv(m->pid, &here, 1, &there, 1, 0);

	if (n > 0)
		return n;
	/*
	 * What the process itself may not read is read the other way.  All else is too if the call
	 * is refused, or cannot reach the memory, as by a first thread that ended.
	 */
	if (n < 0 && errno != EFAULT)
		__atomic_store_n(&m->direct, 0, __ATOMIC_RELAXED);
	return 0;
}

/* Reads some bytes in the fastest way; 0 when the process has ended. */
static ssize_t
read_some(struct proc_memory *m, uint64_t address, uint8_t *buf, size_t len)
{
	ssize_t n = 0;
	int alone;

	if (__atomic_load_n(&m->direct, __ATOMIC_RELAXED) && address % m->page == 0 &&
	    len >= PAGES_LEAST * m->page && address < UINTPTR_MAX / 2) {
		len = exclusive_run(m, address, len, &alone);
		n = alone ? read_directly(m, address, buf, len) : 0;
	}
	return n > 0 ? n : read_any(m, address, buf, len);
}

int
proc_memory_read(struct proc_memory *m, uint64_t address, uint8_t *buf, size_t len)
{
	while (len > 0) {
		size_t page = m->page - (size_t)(address % m->page);
		ssize_t n = read_some(m, address, buf, len);

		if (n == 0) {
			errno = ESRCH;
			return -1;
		}
		if (n < 0 && errno != EIO && errno != EFAULT)
			return -1;
		if (n < 0) {
			page = page < len ? page : len;
			memset(buf, 0, page);
			n = (ssize_t)page;
		}
		address += (size_t)n;
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}
