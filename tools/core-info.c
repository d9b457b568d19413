/* core-info - say what a core or a crashing process is; as a tap, pass the core on untouched */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/number.h"
#include "core/core.h"
#include "core/lists.h"
#include "core/read.h"
#include "core/small.h"
#include "core/stored.h"
#include "dumps/operand.h"
#include "proc/ask.h"
#include "proc/facts.h"
#include "proc/maps.h"
#include "proc/task.h"
#include "record/record.h"
#include "record/secrets.h"
#include "system/end_input.h"

struct options {
	int lists, json, environment, pidfd, small;
	int dumped;	/* -1, or /proc/PID: a process of uid that the kernel must be dumping */
	uint32_t uid;
	pid_t pid, tid;
	const char *identity;
};

static int
usage(FILE *to, int status)
{
	fputs("usage: core-info [-ahjSV] [-i IDENTITY] [FILE]\n"
	      "       core-info -d FD | -o FILE [-aj] [-p PID [-C UID] [-P FD]]\n"
	      "       core-info -p PID [-aEj] [-C UID] [-P FD] [-t TID]\n", to);
	return fflush(to) == 0 ? status : 2;
}

/* Writes the record, which in JSON stays open for more members; 0, or -1 with errno. */
static int
put_record(const struct record *r, int json, int fd)
{
	char *text = record_format(r, json);
	int rc;

	if (text == NULL) {
		errno = ENOMEM;
		return -1;
	}
	rc = io_write(fd, text, json ? strlen(text) - strlen("}\n") : strlen(text));
	free(text);
	return rc;
}

/* Writes what is known of a core. */
static int
put_core(const struct record *r, const struct core *c, const struct options *o, int fd)
{
	if (put_record(r, o->json, fd) < 0 || core_kept_put(c, o->json, io_put, &fd) < 0 ||
	    (o->lists && core_lists(c, o->json, io_put, &fd) < 0))
		return -1;
	return o->json ? io_write(fd, "}\n", 2) : 0;
}

static int
live(const struct options *o)
{
	struct record r = { 0 };
	struct proc *p;
	long pid = o->pid;
	int out = STDOUT_FILENO, lists = -1, late, rc, status;

	/* Asked before and after: a number that was given to another process in between shows. */
	if (o->pidfd >= 0 && proc_pidfd_is(o->pidfd, o->pid) != 1)
		errx(2, "pid %ld: not the process of descriptor %d", pid, o->pidfd);
	if (o->dumped >= 0 && !proc_is_dumped(o->dumped, o->tid, o->uid))
		errx(2, "pid %ld: not a process of user %" PRIu32 " that is being dumped", pid, o->uid);
	if ((p = proc_ask(o->pid, o->tid, o->environment, &late)) == NULL)
		err(2, "pid %ld", pid);
	if ((status = late))
		warnx("pid %ld: not all was read: facts are missing", pid);
	if (o->lists && (lists = proc_ask_lists(o->pid, o->json)) < 0) {
		warn("pid %ld: threads and modules", pid);
		status = 1;
	}
	if ((o->pidfd >= 0 && proc_pidfd_is(o->pidfd, o->pid) != 1) ||
	    (o->dumped >= 0 && !proc_is_dumped(o->dumped, o->tid, o->uid)))
		errx(2, "pid %ld: gone while its facts were read", pid);
	facts_process(&r, p, o->pid, o->tid);
	rc = put_record(&r, o->json, out);
	if (rc == 0 && o->environment)
		rc = environment_list(p->environment, p->environment_len, o->json, io_put, &out);
	if (rc == 0 && lists >= 0)
		rc = io_copy(lists, out);
	if (rc < 0 || (o->json && io_write(out, "}\n", 2) < 0) || io_close(out) < 0)
		err(2, "<stdout>: write");
	record_free(&r);
	proc_ask_free(p);
	return status;
}

static int
from_file(const char *path, const struct options *o)
{
	static struct operand n;
	const char *name = n.shown;
	struct record r = { 0 };
	char why[UNPACK_WHY];
	enum stored_status st;
	uint64_t bytes = 0;
	struct core c;
	int status = 0;

	if (operand_open(&n, path, o->small, CONF_FILE, DUMPS_DIR) < 0)
		errx(2, "%s: %s", name, n.why);
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
		facts_core(&r, &c, bytes);
		if (put_core(&r, &c, o, STDOUT_FILENO) < 0 || io_close(STDOUT_FILENO) < 0)
			err(2, "<stdout>: write");
	}
	record_free(&r);
	core_close(&c);
	operand_close(&n);
	return status;
}

/* The core does not say which files were mapped: the kernel, which still holds the process, does. */
static void
ask_files(void *arg, struct core_files *f)
{
	const struct options *o = arg;

	proc_files(f, o->pid, o->pidfd, o->dumped, o->uid);
}

/*
 * Passes standard input on to standard output and writes the lines to fd, after both have been
 * closed: neither the kernel nor the next stage waits for them.
 */
static int
tap(int fd, struct options *o)
{
	struct record r = { 0 };
	uint64_t bytes = 0;
	struct core c;
	int rc, told, status = 0;

	/* The end of a later stage is a failed write: what has been seen is still to be said. */
	if (end_input_heed() < 0)
		err(2, "/dev/null");
	core_open(&c);
	c.ask_files = o->pid != 0 ? ask_files : NULL;
	c.ask_arg = o;
	rc = core_read_stream(&c, STDIN_FILENO, STDOUT_FILENO, &bytes);
	if (rc != 0)
		warn("%s", rc == CORE_READ_IN ? "<stdin>" : "<stdout>: write");
	else if ((told = end_input_told()) != 0)
		warnx("<stdin>: ended by signal %d (%s)", told, strsignal(told));
	status = rc != 0 || end_input_told() != 0 ? 2 : 0;
	if (io_close(STDOUT_FILENO) < 0 && status == 0) {
		warn("<stdout>: close");
		status = 2;
	}
	io_close(STDIN_FILENO);
	io_std();
	if (status == 0 && (!c.is_core || c.bad != NULL))
		warnx("<stdin>: %s: passed on all the same", c.bad);
	facts_core(&r, &c, bytes);
	/* What was passed on is passed on: a lost line is said, and no failure of the tap. */
	if (put_core(&r, &c, o, fd) < 0 || io_close(fd) < 0)
		warn("the lines were not written");
	record_free(&r);
	core_close(&c);
	return status;
}

/* The number of an option, which is no such thing otherwise. */
static uint32_t
number(int letter, uint64_t least, uint64_t most, const char *thing)
{
	uint64_t n;

	if (number_parse(optarg, least, most, &n) < 0)
		errx(2, "-%c %s: not a %s", letter, optarg, thing);
	return (uint32_t)n;
}

int
main(int argc, char **argv)
{
	struct options o = { .pidfd = -1, .dumped = -1 };
	int fd = -1, user = 0, is_tap, c;
	const char *out = NULL;

	if (io_std() < 0)
		return 2;
	while ((c = getopt(argc, argv, "aC:d:Ehi:jo:P:p:St:V")) != -1) {
		switch (c) {
		case 'a':
			o.lists = 1;
			break;
		case 'C':
			o.uid = number(c, 0, UINT32_MAX, "user ID");
			user = 1;
			break;
		case 'd':
			fd = (int)number(c, 0, INT32_MAX, "descriptor");
			if (fd < 2 || fcntl(fd, F_GETFD) < 0)
				errx(2, "-d %d: not an open descriptor of its own", fd);
			break;
		case 'E':
			o.environment = 1;
			break;
		case 'h':
			return usage(stdout, 0);
		case 'i':
			o.identity = optarg;
			break;
		case 'j':
			o.json = 1;
			break;
		case 'o':
			out = optarg;
			break;
		case 'P':
			o.pidfd = (int)number(c, 0, INT32_MAX, "descriptor");
			break;
		case 'p':
			o.pid = (pid_t)number(c, 1, INT32_MAX, "process ID");
			break;
		case 'S':
			o.small = 1;
			break;
		case 't':
			o.tid = (pid_t)number(c, 1, INT32_MAX, "thread ID");
			break;
		case 'V':
			puts("core-info " VERSION);
			return fflush(stdout) == 0 ? 0 : 2;
		default:
			return usage(stderr, 2);
		}
	}
	is_tap = fd >= 0 || out != NULL;
	if (o.pid == 0 && (o.pidfd >= 0 || user)) {
		warnx("-%c needs -p", user ? 'C' : 'P');
		return usage(stderr, 2);
	}
	if (argc - optind > (o.pid == 0 && !is_tap) || (fd >= 0 && out != NULL) ||
	    ((o.pid == 0 || is_tap) && (o.environment || o.tid != 0)) ||
	    ((o.pid != 0 || is_tap) && (o.identity != NULL || o.small)))
		return usage(stderr, 2);

	if (user && (o.dumped = proc_hold(o.pid)) < 0) {
		if (!is_tap)
			err(2, "pid %ld", (long)o.pid);
		o.pid = 0;
	}
	if (o.pid != 0 && !is_tap)
		return live(&o);
	if (out != NULL &&
	    (fd = open(out, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0)
		err(2, "%s", out);
	return fd >= 0 ? tap(fd, &o) : from_file(argv[optind], &o);
}
