#include "trim/process.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "proc/of_core.h"
#include "proc/task.h"
#include "system/child.h"
#include "system/deadline.h"

/* A read of at most so many bytes is of words, and others beside it follow. */
#define WORDS 64

/* What the process that writes the small core needs; shared is the caller's memory too. */
struct job {
	struct trim_process *shared;
	struct trim_process p;
	const struct core *core;
	struct image *head;
	const struct trim_options *options;
	int fd, mem;
	/* The page that was last read: words of stacks are asked for one by one. */
	uint64_t page;
	size_t page_len;	/* 0: none */
	uint8_t bytes[TRIM_PAGE];
};

static ssize_t
read_memory(void *arg, uint64_t address, uint64_t offset, void *buf, size_t len)
{
	struct job *j = arg;
	size_t at = (size_t)(address % TRIM_PAGE);

	(void)offset;
	if (address > INT64_MAX)
		return -1;
	if (len > WORDS || at + len > TRIM_PAGE)
		return io_pread(j->mem, buf, len, address);
	if (j->page_len == 0 || j->page != address - at) {
		ssize_t n = io_pread(j->mem, j->bytes, TRIM_PAGE, address - at);

		j->page = address - at;
		j->page_len = n > 0 ? (size_t)n : 0;
	}
	if (at + len > j->page_len)
		return io_pread(j->mem, buf, len, address);
	memcpy(buf, j->bytes + at, len);
	return (ssize_t)len;
}

static void
fail(struct job *j, enum trim_status st, const char *why)
{
	j->shared->status = st;
	j->shared->error = errno;
	snprintf(j->shared->name, sizeof(j->shared->name), "pid %ld%s", (long)j->p.pid, why);
}

/* All that the caller knows of the process. */
static struct proc_proof
proof_of(const struct trim_process *p)
{
	struct proc_proof proof = { .pid = p->pid, .pidfd = -1, .dumped = -1 };

	/* trim_process_hold has proved it. */
	if (p->held == TRIM_NOT_HELD) {
		proof.pidfd = p->pidfd;
		proof.dumped = p->dumped;
		proof.uid = p->uid;
	}
	return proof;
}

void
trim_process_hold(struct trim_process *p)
{
	struct proc_proof proof = proof_of(p);

	p->held = TRIM_HELD;
	/* The number may be another's before and after. */
	if (!proc_is_proved(&proof)) {
		p->held = TRIM_HELD_OTHER;
	} else if (proc_open_early(p->pid, "auxv maps mem status") < 0) {
		p->held = TRIM_HELD_CLOSED;
		p->held_error = errno;
	} else if (!proc_is_proved(&proof)) {
		p->held = TRIM_HELD_OTHER;
	}
}

static void
write_small(void *arg)
{
	struct job *j = arg;
	struct trim t = { .core = j->core, .head = j->head, .options = j->options,
		.memory = { .source = TRIM_PROCESS, .read = read_memory, .arg = j },
		.pid = j->p.pid };
	const struct proc_proof proof = proof_of(&j->p);
	enum trim_status st;

	/* Memory that does not come may keep even a process that was killed. */
	command_let_go(j->fd);

	errno = j->p.held_error;
	if (j->p.held == TRIM_HELD_CLOSED || (j->p.held != TRIM_HELD_OTHER &&
	    (j->mem = proc_open_file(j->p.pid, "mem")) < 0)) {
		fail(j, TRIM_SYSTEM, ": its memory");
		return;
	}
	if (j->p.held == TRIM_HELD_OTHER || !proc_is_of_core(j->core, &proof)) {
		errno = ESRCH;
		fail(j, TRIM_SYSTEM, ": not the process of the core");
		return;
	}
	if ((st = trim_plan(&t)) != TRIM_OK) {
		fail(j, st, "");
		return;
	}
	/* Killed, or not held by the kernel: of a process that is there something is kept. */
	if (t.kept.pages.count == 0) {
		errno = ESRCH;
		fail(j, TRIM_SYSTEM, ": its memory");
		trim_close(&t);
		return;
	}
	j->shared->full = t.full;
	j->shared->unknown_symbols = t.unknown_symbols;
	j->shared->unknown_symbol = t.unknown_symbol;
	j->shared->begun = 1;
	if (trim_write(&t, j->fd) < 0) {
		j->shared->refused = errno != EIO;
		fail(j, TRIM_SYSTEM, errno == EIO ? ": its memory" : ": write");
	} else
		j->shared->status = TRIM_OK;
	trim_close(&t);
}

int
trim_process_write(struct trim_process *p, const struct core *core, struct image *head,
    const struct trim_options *options, int fd)
{
	struct job j = { .p = *p, .core = core, .head = head, .options = options, .fd = fd,
		.shared = deadline_memory(sizeof(*j.shared)) };
	int rc;

	snprintf(p->name, sizeof(p->name), "pid %ld", (long)p->pid);
	if (j.shared == NULL) {
		p->status = TRIM_SYSTEM;
		p->error = errno;
		return -1;
	}
	j.p = *j.shared = *p;
	j.shared->status = TRIM_SYSTEM;
	rc = deadline_run(write_small, &j, TRIM_PROCESS_MS);
	*p = *j.shared;
	if (rc < 0) {
		p->status = TRIM_SYSTEM;
		p->error = errno;
	}
	deadline_free(j.shared, sizeof(*j.shared));
	return p->status == TRIM_OK ? 0 : -1;
}
