#define _GNU_SOURCE
#include "crash/live_facts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/io.h"
#include "base/number.h"
#include "base/signal_names.h"
#include "proc/facts.h"
#include "proc/report.h"
#include "proc/task.h"
#include "record/secrets.h"
#include "record/text.h"

/* The most bytes that are kept of a name which the kernel gives. */
#define NAME_MOST 256

/* Asks the process; whether it answered, else *log says why not. */
static int
ask(struct report_process *p, const struct kernel_words *w, FILE *log)
{
	long pid = p->pid;

	if (*w->pidfd == '\0' && (p->dumped = proc_hold(p->pid)) < 0) {
		text_print(log, "log=pid %ld: %s\n", pid, strerror(errno));
		return 0;
	}
	switch (report_read(p)) {
	case REPORT_OK:
		if (p->late)
			text_print(log, "log=pid %ld: not all was read: facts are missing\n", pid);
		return 1;
	case REPORT_OTHER:
		text_print(log, "log=pid %ld: not the process of descriptor %d\n", pid, p->pidfd);
		break;
	case REPORT_NOT_DUMPED:
		text_print(log,
		    "log=pid %ld: not a process of user %" PRIu32 " that is being dumped\n", pid,
		    p->uid);
		break;
	case REPORT_GONE:
		text_print(log, "log=pid %ld: gone while its facts were read\n", pid);
		break;
	case REPORT_CANNOT:
		text_print(log, "log=pid %ld: %s\n", pid, strerror(errno));
		break;
	}
	return 0;
}

/* Appends a name, with '?' for each byte that usual names do not have. */
static void
put_safe(struct record *r, const char *key, const char *name)
{
	static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._+-";
	char text[NAME_MOST];
	size_t n = 0;

	for (; name[n] != '\0' && n + 1 < sizeof(text); n++)
		text[n] = strchr(usual, name[n]) != NULL ? name[n] : '?';
	text[n] = '\0';
	if (n > 0)
		record_text(r, key, text);
}

/* Appends a number that the kernel gave, if it did. */
static void
put_number(struct record *r, const char *key, const char *digits)
{
	uint64_t n;

	if (number_parse(digits, 0, UINT64_MAX, &n) == 0)
		record_number(r, key, n);
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
	put_number(r, "pid", w->pid);
	put_number(r, "tid", w->tid);
	put_number(r, "uid", w->uid);
	put_number(r, "gid", w->gid);
	put_safe(r, "comm", w->comm);
	if (gmtime_r(&now, &tm) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
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
	rc = p == NULL ? 0
		       : environment_list(p->environment, p->environment_len, 0, text_append, to);
	return text_close(to, &f->environment) < 0 ? -1 : rc;
}

int
live_facts_read(struct live_facts *f, const struct kernel_words *w, int environment, FILE *log)
{
	struct report_process p = { .pid = (pid_t)kernel_words_number(w->pid),
		.tid = (pid_t)kernel_words_number(w->tid),
		.pidfd = *w->pidfd != '\0' ? (int)kernel_words_number(w->pidfd) : -1,
		.dumped = -1,
		.uid = kernel_words_number(w->uid),
		.environment = environment,
		.listed = -1 };
	unsigned signal = kernel_words_number(w->signal);
	struct utsname host = { .nodename = "" };
	struct record r = { 0 };
	int rc, answered;

	answered = p.pid != 0 && (*w->pidfd != '\0' || *w->uid != '\0') && ask(&p, w, log);
	uname(&host);
	if (answered)
		facts_process(&r, p.proc, p.pid, p.tid);
	else
		put_words(&r, w, host.nodename);
	/* The kernel gives the host's name as the process saw it. */
	if (strcmp(w->host, host.nodename) != 0)
		put_safe(&r, "container_host", w->host);
	put_number(&r, "limit", w->limit);
	put_number(&r, "dumpable", w->dumpable);
	put_number(&r, "signal", w->signal);
	if (signal_name(signal) != NULL)
		record_text(&r, "signame", signal_name(signal));
	f->lines = record_format(&r, 0);
	rc = put_environment(f, answered && environment ? p.proc : NULL);
	record_free(&r);
	report_free(&p);
	if (p.dumped >= 0)
		io_close(p.dumped);
	return f->lines != NULL ? rc : -1;
}

void
live_facts_free(struct live_facts *f)
{
	free(f->lines);
	free(f->environment);
}
