#include "proc/report.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/io.h"
#include "core/lists.h"
#include "core/small.h"
#include "proc/ask.h"
#include "proc/facts.h"
#include "proc/task.h"
#include "record/record.h"
#include "record/secrets.h"
#include "record/writer.h"
#include "base/line_pipe.h"

static enum report_status
prove(const struct report_process *p)
{
	if (p->pidfd >= 0 && proc_pidfd_is(p->pidfd, p->pid) != 1)
		return REPORT_OTHER;
	if (p->dumped >= 0 && !proc_is_dumped(p->dumped, p->tid, p->uid))
		return REPORT_NOT_DUMPED;
	return REPORT_OK;
}

int
report_proves(const struct report_process *p)
{
	return prove(p) == REPORT_OK;
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
put_record(struct record *r, int json, int (*put)(void *arg, const char *text, size_t len),
    void *arg)
{
	struct writer w;

	writer_start(&w, json ? WRITER_JSON : WRITER_LINES, put, arg);
	writer_open(&w, NULL, '{');
	writer_record(&w, r);
	record_free(r);
	return writer_flush(&w);
}

int
report_put(const struct report_process *p, int fd)
{
	struct record r = { 0 };

	facts_process(&r, p->proc, p->pid, p->tid);
	if (put_record(&r, p->json, io_put, &fd) < 0 ||
	    (p->environment && environment_list(p->proc->environment, p->proc->environment_len,
	    p->json, io_put, &fd) < 0) ||
	    (p->listed >= 0 && io_copy(p->listed, fd) < 0))
		return -1;
	return p->json ? io_put(&fd, "}\n", 2) : 0;
}

int
report_core(struct core *c, uint64_t bytes, int lists, int json,
    int (*put)(void *arg, const char *text, size_t len), void *arg)
{
	struct record r = { 0 };

	facts_core(&r, c, bytes);
	if (put_record(&r, json, put, arg) < 0 || core_kept_put(c, json, put, arg) < 0 ||
	    (lists && core_lists(c, json, put, arg) < 0))
		return -1;
	return json ? put(arg, "}\n", 2) : 0;
}

int
report_core_shared(struct core *c, uint64_t bytes, int lists, int json, int fd)
{
	struct line_pipe lines = { .fd = fd };
	struct stat st;

	if (json || fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode))
		return report_core(c, bytes, lists, json, io_put, &fd);
	if (report_core(c, bytes, lists, 0, line_pipe_put, &lines) < 0)
		return -1;
	return line_pipe_flush(&lines);
}
