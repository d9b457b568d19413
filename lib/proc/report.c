#include "proc/report.h"

#include <errno.h>

#include "base/io.h"
#include "core/lists.h"
#include "core/small.h"
#include "proc/ask.h"
#include "proc/facts.h"
#include "proc/task.h"
#include "record/record.h"
#include "record/secrets.h"
#include "record/writer.h"

static enum report_status
prove(const struct report_process *p)
{
	if (p->pidfd >= 0 && proc_pidfd_is(p->pidfd, p->pid) != 1)
		return REPORT_OTHER;
	if (p->dumped >= 0 && !proc_is_dumped(p->dumped, p->tid, p->uid))
		return REPORT_NOT_DUMPED;
	return REPORT_OK;
}

enum report_status
report_read(struct report_process *p)
{
	enum report_status st = prove(p);

	p->proc = NULL;
	p->late = p->lists_error = 0;
	p->listed = -1;
	if (st != REPORT_OK)
		return st;
	if ((p->proc = proc_ask(p->pid, p->tid, p->environment, &p->late)) == NULL)
		return REPORT_CANNOT;
	if (p->lists && (p->listed = proc_ask_lists(p->pid, p->json)) < 0)
		p->lists_error = errno;
	/* A process ID that was given to another process in between fails the second proof. */
	return prove(p) == REPORT_OK ? REPORT_OK : REPORT_GONE;
}

void
report_free(struct report_process *p)
{
	if (p->proc != NULL)
		proc_ask_free(p->proc);
	if (p->listed >= 0)
		io_close(p->listed);
}

/* Writes the fields, and frees them; in JSON the object stays open for more members. */
static int
put_record(struct record *r, int json, int fd)
{
	struct writer w;

	writer_start(&w, json ? WRITER_JSON : WRITER_LINES, io_put, &fd);
	writer_open(&w, NULL, '{');
	writer_record(&w, r);
	record_free(r);
	return writer_flush(&w);
}

static int
put_end(int json, int fd)
{
	return json ? io_write(fd, "}\n", 2) : 0;
}

int
report_put(const struct report_process *p, int fd)
{
	struct record r = { 0 };

	facts_process(&r, p->proc, p->pid, p->tid);
	if (put_record(&r, p->json, fd) < 0 ||
	    (p->environment && environment_list(p->proc->environment, p->proc->environment_len,
	    p->json, io_put, &fd) < 0) ||
	    (p->listed >= 0 && io_copy(p->listed, fd) < 0))
		return -1;
	return put_end(p->json, fd);
}

int
report_core(struct core *c, uint64_t bytes, int lists, int json, int fd)
{
	struct record r = { 0 };

	facts_core(&r, c, bytes);
	if (put_record(&r, json, fd) < 0 || core_kept_put(c, json, io_put, &fd) < 0 ||
	    (lists && core_lists(c, json, io_put, &fd) < 0))
		return -1;
	return put_end(json, fd);
}
