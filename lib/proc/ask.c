#include "proc/ask.h"

#include <errno.h>
#include <unistd.h>

#include "base/io.h"
#include "confine/confine.h"
#include "core/core.h"
#include "core/lists.h"
#include "proc/maps.h"
#include "proc/read.h"
#include "proc/task.h"
#include "system/deadline.h"

/* What both processes have. */
struct question {
	struct proc proc;	/* the first, so that its address is this one's */
	pid_t pid, tid;
	int environment, json, fd;
	int error;
	struct identity *identity;
};

/* What the process leaves that has read the executable, and may have been misled by it. */
struct identity {
	struct elf_id id;
	int has;
};

static void
facts(void *arg)
{
	struct question *q = arg;
	struct identity *i = q->identity;
	int exe;

	if (proc_read_facts(&q->proc, q->pid, q->tid, q->environment, &exe) < 0) {
		q->error = errno;
		return;
	}
	/* From here on it can change nothing but the identity. */
	deadline_free(q, sizeof(*q));
	if (exe >= 0)
		exe = deadline_keep(exe);
	if (confine_to(CONFINE_PARSE) >= 0)
		i->has = proc_read_identity(&i->id, exe);
}

struct proc *
proc_ask(pid_t pid, pid_t tid, int environment, int *late)
{
	struct question *q = deadline_memory(sizeof(*q));

	if (q == NULL)
		return NULL;
	q->pid = pid;
	q->tid = tid;
	q->environment = environment;
	if ((q->identity = deadline_memory(sizeof(*q->identity))) == NULL) {
		deadline_free(q, sizeof(*q));
		return NULL;
	}
	*late = deadline_run(facts, q, PROC_ASK_MS) < 0;
	q->proc.has_id = q->identity->has && proc_take_identity(&q->proc.id, &q->identity->id);
	deadline_free(q->identity, sizeof(*q->identity));
	if (q->error == 0 && (q->proc.has_status || *late))
		return &q->proc;
	if (q->error != 0)
		errno = q->error;
	deadline_free(q, sizeof(*q));
	return NULL;
}

void
proc_ask_free(struct proc *p)
{
	deadline_free(p, sizeof(struct question));
}

static void
lists(void *arg)
{
	struct question *q = arg;
	struct core c;
	int mem;

	core_open(&c);
	if ((mem = proc_open_file(q->pid, "mem")) < 0 || proc_threads(&c, q->pid) < 0 ||
	    proc_files(&c.files, q->pid, -1, -1, 0) < 0) {
		q->error = errno;
		return;
	}
	confine_to(CONFINE_PARSE);
	if (proc_modules(&c.files, mem) < 0 || core_lists(&c, q->json, io_put, &q->fd) < 0)
		q->error = errno;
	io_close(mem);
	core_close(&c);
}

int
proc_ask_lists(pid_t pid, int json)
{
	struct question *q = deadline_memory(sizeof(*q));
	int rc, saved, fd;

	if (q == NULL)
		return -1;
	q->pid = pid;
	q->json = json;
	if ((fd = q->fd = io_tmpfile()) >= 0) {
		rc = deadline_run(lists, q, PROC_ASK_MS);
		saved = q->error != 0 ? q->error : errno;
		if (rc < 0 || q->error != 0 || lseek(fd, 0, SEEK_SET) < 0) {
			io_close(fd);
			errno = saved;
			fd = -1;
		}
	}
	saved = errno;
	deadline_free(q, sizeof(*q));
	errno = saved;
	return fd;
}
