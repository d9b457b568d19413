#include "proc/of_core.h"

#include <string.h>

#include "base/io.h"
#include "proc/proc.h"
#include "proc/task.h"

static int
has_auxv(const struct core *c, pid_t pid)
{
	uint8_t theirs[sizeof(c->auxv)];
	int fd = c->auxv_len == 0 ? -1 : proc_open_file(pid, "auxv");
	ssize_t n;

	if (fd < 0)
		return 0;
	n = io_read(fd, theirs, sizeof(theirs));
	io_close(fd);
	return n >= (ssize_t)c->auxv_len && memcmp(c->auxv, theirs, c->auxv_len) == 0;
}

int
proc_is_proved(const struct proc_proof *p)
{
	return (p->pidfd < 0 || proc_pidfd_is(p->pidfd, p->pid) == 1) &&
	    (p->dumped < 0 || proc_is_dumped(p->dumped, 0, p->uid));
}

int
proc_is_of_core(const struct core *c, const struct proc_proof *p)
{
	/* A process forked from the same program has the same vector, but another PID. */
	return has_auxv(c, p->pid) && (!c->has_psinfo || proc_has_pid(p->pid, c->pid) != 0) &&
	    proc_is_proved(p);
}
