/* core-info - say what a core or a crashing process is; as a tap, pass the core on untouched */
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "core/core.h"
#include "core/read.h"
#include "core/stored.h"
#include "dumps/operand.h"
#include "dumps/page.h"
#include "options.h"
#include "proc/errand.h"
#include "proc/maps.h"
#include "proc/report.h"
#include "proc/task.h"
#include "system/end_input.h"

/* The system calls of a tap. */
#define CALLS CONFINE_BASE " dup2 fcntl recvmsg rt_sigreturn sendmsg splice"

struct options {
	struct report_process process;	/* lists and json hold for cores too */
	int user;			/* -C was given */
	int fd;				/* a tap's lines go there, or to the file out */
	const char *out;
	const char *identity;
	int small;
};

static int
usage(FILE *to, int status)
{
	fputs("usage: core-info [-ahjSV] [-i IDENTITY] [FILE]\n"
	      "       core-info -d FD | -o FILE [-aj] [-p PID [-C UID] [-P FD]]\n"
	      "       core-info -p PID [-aEj] [-C UID] [-P FD] [-t TID]\n", to);
	return fflush(to) == 0 ? status : 2;
}

static int
live(struct report_process *p)
{
	enum report_status st = report_read(p);
	long pid = p->pid;
	int status = p->late || p->lists_error != 0, out = STDOUT_FILENO;

	if (st == REPORT_OTHER)
		errx(2, "pid %ld: not the process of descriptor %d", pid, p->pidfd);
	if (st == REPORT_NOT_DUMPED)
		errx(2, "pid %ld: not a process of user %" PRIu32 " that is being dumped", pid,
		    p->uid);
	if (st == REPORT_CANNOT)
		err(2, "pid %ld", pid);
	if (p->late)
		warnx("pid %ld: not all was read: facts are missing", pid);
	if (p->lists_error != 0)
		warnx("pid %ld: threads and modules: %s", pid, strerror(p->lists_error));
	if (st == REPORT_GONE)
		errx(2, "pid %ld: gone while its facts were read", pid);
	if (report_put(p, out) < 0 || io_close(out) < 0)
		err(2, "<stdout>: write");
	report_free(p);
	return status;
}

static int
from_file(const char *path, const struct options *o)
{
	static struct operand n;
	const char *name = n.shown;
	char why[UNPACK_WHY];
	enum stored_status st;
	uint64_t bytes = 0;
	struct core c;
	int status = 0, out = STDOUT_FILENO;

	if (operand_open(&n, path, o->small, CONF_FILE, DUMPS_DIR) < 0)
		errx(2, "%s: %s", name, n.why);
	if (n.dump != NULL && !o->process.lists && !o->process.json && !o->small &&
	    isatty(out)) {
		if (page_put(&n, path, out) < 0 || io_close(out) < 0)
			err(2, "<stdout>: write");
		operand_close(&n);
		return 0;
	}
	if (n.note != NULL)
		warnx("%s: %s", name, n.note);
	core_open(&c);
	st = core_stored_read(&c, n.fd, o->identity, &bytes, why);
	if (st == STORED_CANNOT || (st == STORED_DAMAGED && bytes == 0))
		errx(2, "%s: %s", name, why);
	if (st == STORED_DAMAGED)
		warnx("%s: %s", name, why);
	if (!c.is_core) {
		warnx("%s: %s", name, c.bad);
		status = 2;
	} else {
		if (c.bad != NULL)
			warnx("%s: %s", name, c.bad);
		if (report_core(&c, bytes, o->process.lists, o->process.json, io_put, &out) < 0 ||
		    io_close(out) < 0)
			err(2, "<stdout>: write");
	}
	core_close(&c);
	operand_close(&n);
	return status;
}

/* Has the kernel, which still holds the process, say which files are mapped. */
static void
ask_files(void *arg, struct core_files *f)
{
	const struct report_process *p = arg;

	proc_files(f, p->pid, -1, -1, 0);
}

/*
 * Opens what the tap may need beside the stream, and gives up all other rights: what the process
 * chose is parsed by a process that can do nothing else.
 */
static void
confine_tap(struct core *c, struct report_process *p)
{
	/* The number may be another's from now on: what is open stays that process's. */
	if (p->pid != 0 && report_proves(p) && proc_open_early(p->pid, "maps") == 0 &&
	    report_proves(p)) {
		c->ask_files = ask_files;
		c->ask_arg = p;
	}
	if (errand_start() < 0)
		warn("the files of its modules");
	option_confine(CALLS);
}

/*
 * Passes standard input on to standard output and writes the lines to fd after both have been
 * closed: neither the kernel nor the next stage waits for them.
 */
static int
tap(int fd, struct report_process *p)
{
	uint64_t bytes = 0;
	struct core c;
	int rc, told, status;

	/* When a later stage ends, a write fails: what has been seen is still to be said. */
	if (end_input_heed() < 0)
		err(2, "/dev/null");
	core_open(&c);
	confine_tap(&c, p);
	rc = core_read_stream(&c, STDIN_FILENO, STDOUT_FILENO, &bytes);
	if (rc != 0)
		warn("%s", rc == CORE_READ_IN ? "<stdin>" : "<stdout>: write");
	else if ((told = end_input_told()) != 0)
		warnx("<stdin>: ended by signal %d (%s)", told, strsignal(told));
	status = rc != 0 || end_input_told() != 0 ? 2 : 0;
	if (end_input_close(STDOUT_FILENO) < 0 && status == 0) {
		warn("<stdout>: close");
		status = 2;
	}
	end_input_close(STDIN_FILENO);
	if (status == 0 && (!c.is_core || c.bad != NULL))
		warnx("<stdin>: %s: passed on all the same", c.bad);
	/* The core was passed on, which is a tap's job: lost lines get a warning. */
	if (report_core_shared(&c, bytes, p->lists, p->json, fd) < 0 || io_close(fd) < 0)
		warn("the lines were not written");
	core_close(&c);
	return status;
}

static void
take_options(struct options *o, int argc, char **argv)
{
	static const struct option_about about = { .calls = CALLS };
	struct report_process *p = &o->process;
	const char *opt[128] = { NULL };

	options_take(argc, argv, "aC:d:Ehi:jo:P:p:St:V", opt, usage, "core-info", &about);
	p->lists = opt['a'] != NULL;
	p->environment = opt['E'] != NULL;
	p->json = opt['j'] != NULL;
	if (opt['p'] != NULL)
		p->pid = (pid_t)option_id('p', opt['p'], 1, INT32_MAX, "process ID");
	if (opt['t'] != NULL)
		p->tid = (pid_t)option_id('t', opt['t'], 1, INT32_MAX, "thread ID");
	if (opt['P'] != NULL)
		p->pidfd = (int)option_id('P', opt['P'], 0, INT32_MAX, "descriptor");
	if (opt['C'] != NULL)
		p->uid = (uint32_t)option_id('C', opt['C'], 0, UINT32_MAX, "user ID");
	o->user = opt['C'] != NULL;
	if (opt['d'] != NULL)
		o->fd = (int)option_id('d', opt['d'], 0, INT32_MAX, "descriptor");
	if (opt['d'] != NULL && (o->fd < 2 || fcntl(o->fd, F_GETFD) < 0))
		errx(2, "-d %d: not an open descriptor of its own", o->fd);
	o->out = opt['o'];
	o->identity = opt['i'];
	o->small = opt['S'] != NULL;
}

/* Whether the options go together. */
static int
fit(const struct options *o, int operands)
{
	const struct report_process *p = &o->process;
	int is_tap = o->fd >= 0 || o->out != NULL;

	if (p->pid == 0 && (p->pidfd >= 0 || o->user)) {
		warnx("-%c needs -p", o->user ? 'C' : 'P');
		return 0;
	}
	return operands <= (p->pid == 0 && !is_tap) && (o->fd < 0 || o->out == NULL) &&
	    ((p->pid != 0 && !is_tap) || (!p->environment && p->tid == 0)) &&
	    ((p->pid == 0 && !is_tap) || (o->identity == NULL && !o->small));
}

int
main(int argc, char **argv)
{
	struct options o = { .process = { .dumped = -1, .pidfd = -1 }, .fd = -1 };
	struct report_process *p = &o.process;
	int is_tap;

	if (io_std() < 0)
		err(2, "/dev/null");
	take_options(&o, argc, argv);
	if (!fit(&o, argc - optind))
		return usage(stderr, 2);
	is_tap = o.fd >= 0 || o.out != NULL;
	if (o.user && (p->dumped = proc_hold(p->pid)) < 0) {
		if (!is_tap)
			err(2, "pid %ld", (long)p->pid);
		p->pid = 0;
	}
	if (p->pid != 0 && !is_tap)
		return live(p);
	if (o.out != NULL &&
	    (o.fd = open(o.out, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0)
		err(2, "%s", o.out);
	return is_tap ? tap(o.fd, p) : from_file(argv[optind], &o);
}
