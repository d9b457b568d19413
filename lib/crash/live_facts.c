#define _GNU_SOURCE
#include "crash/live_facts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/io.h"
#include "base/signal_names.h"
#include "proc/ask.h"
#include "proc/facts.h"
#include "proc/task.h"
#include "record/secrets.h"
#include "record/text.h"

/* The most bytes that are kept of a name which the kernel gives. */
#define NAME_MOST 256

/* A process, and how to tell that its number has not become another's. */
struct held {
	pid_t pid, tid;
	int pidfd;		/* -1: none */
	int dir;		/* /proc/PID without a pidfd; -1: none */
	uint32_t uid;		/* whose process the kernel must be dumping, with dir */
};

/* Whether the number is still that of the process. */
static int
is_held(const struct held *h)
{
	return h->pidfd >= 0 ? proc_pidfd_is(h->pidfd, h->pid) == 1 : proc_is_dumped(h->dir, h->tid, h->uid);
}

/* Asks the process; NULL when it cannot be asked, and *log has why. */
static struct proc *
ask(const struct held *h, int environment, FILE *log)
{
	struct proc *p;
	int late;

	if (h->pidfd < 0 && h->dir < 0) {
		fprintf(log, "log=pid %ld: %s\n", (long)h->pid, strerror(errno));
		return NULL;
	}
	if (!is_held(h)) {
		if (h->pidfd >= 0)
			fprintf(log, "log=pid %ld: not the process of descriptor %d\n", (long)h->pid, h->pidfd);
		else
			fprintf(log, "log=pid %ld: not a process of user %" PRIu32 " that is being dumped\n", (long)h->pid,
			    h->uid);
		return NULL;
	}
	if ((p = proc_ask(h->pid, h->tid, environment, &late)) == NULL) {
		fprintf(log, "log=pid %ld: %s\n", (long)h->pid, strerror(errno));
		return NULL;
	}
	if (late)
		fprintf(log, "log=pid %ld: not all was read: facts are missing\n", (long)h->pid);
	if (is_held(h))
		return p;
	fprintf(log, "log=pid %ld: gone while its facts were read\n", (long)h->pid);
	proc_ask_free(p);
	return NULL;
}

/* Appends a name, with '?' for each byte that usual names do not have. */
static void
put_safe(struct record *r, const char *key, const char *name)
{
	char text[NAME_MOST];
	size_t n = 0;

	for (; name[n] != '\0' && n + 1 < sizeof(text); n++)
		text[n] = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-", name[n]) != NULL ?
		    name[n] : '?';
	text[n] = '\0';
	if (n > 0)
		record_text(r, key, text);
}

static void
put_known(struct record *r, const char *key, const char *value)
{
	if (*value != '\0')
		record_text(r, key, value);
}

/* What the kernel said must do where no process answers. */
static void
put_words(struct record *r, const struct kernel_words *w, const char *host)
{
	char text[32] = "";
	time_t now = time(NULL);
	struct tm tm;

	record_text(r, "uuid", "");
	record_number(r, "record", 1);
	put_known(r, "pid", w->pid);
	put_known(r, "tid", w->tid);
	put_known(r, "uid", w->uid);
	put_known(r, "gid", w->gid);
	put_safe(r, "comm", w->comm);
	if (gmtime_r(&now, &tm) != NULL && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		record_text(r, "time", text);
	put_safe(r, "host", host);
}

static int
put_environment(struct live_facts *f, const struct proc *p)
{
	size_t size;
	FILE *to = open_memstream(&f->environment, &size);
	int rc;

	if (to == NULL)
		return -1;
	rc = p == NULL ? 0 : environment_list(p->environment, p->environment_len, 0, text_append, to);
	return text_close(to, &f->environment) < 0 ? -1 : rc;
}

int
live_facts_read(struct live_facts *f, const struct kernel_words *w, int environment, FILE *log)
{
	struct held h = { .pid = (pid_t)kernel_words_number(w->pid), .tid = (pid_t)kernel_words_number(w->tid),
		.pidfd = -1, .dir = -1 };
	unsigned signal = kernel_words_number(w->signal);
	struct utsname host = { .nodename = "" };
	struct record r = { 0 };
	struct proc *p = NULL;
	int rc;

	if (*w->pidfd != '\0')
		h.pidfd = (int)kernel_words_number(w->pidfd);
	else if (h.pid != 0 && *w->uid != '\0')
		h.dir = proc_hold(h.pid);
	h.uid = kernel_words_number(w->uid);
	if (h.pid != 0 && (*w->pidfd != '\0' || *w->uid != '\0'))
		p = ask(&h, environment, log);
	uname(&host);
	if (p != NULL)
		facts_process(&r, p, h.pid, h.tid);
	else
		put_words(&r, w, host.nodename);
	/* The kernel gives the host's name as the process saw it. */
	if (strcmp(w->host, host.nodename) != 0)
		put_safe(&r, "container_host", w->host);
	put_known(&r, "limit", w->limit);
	put_known(&r, "dumpable", w->dumpable);
	put_known(&r, "signal", w->signal);
	if (signal_name(signal) != NULL)
		record_text(&r, "signame", signal_name(signal));
	f->lines = record_format(&r, 0);
	rc = put_environment(f, environment ? p : NULL);
	record_free(&r);
	proc_ask_free(p);
	if (h.dir >= 0)
		io_close(h.dir);
	return f->lines != NULL ? rc : -1;
}

void
live_facts_free(struct live_facts *f)
{
	free(f->lines);
	free(f->environment);
}
