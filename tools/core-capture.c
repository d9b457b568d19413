/* core-capture - the core of a held process, at the speed of its memory */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/ordered.h"
#include "capture/capture.h"
#include "options.h"
#include "proc/task.h"
#include "system/child.h"
#include "system/end_input.h"
#include "system/processors.h"
#include "system/spawn.h"

/* Of what is available, for all captures together. */
#define PERCENT 25
/* The most holes in a core, bytes: as zeros they take seconds, and tens of megabytes as gzip. */
#define HOLES (UINT64_C(16) << 30)

static int
usage(FILE *to, int status)
{
	fputs("usage: core-capture [-hvV] [-b SIZE | -b PERCENT%] [-d FD] [-l FILE]\n"
	      "                    [-p PID [-C UID] [-P FD]] [-T N] [-z SIZE]\n"
	      "                    [COMMAND [ARG ...]]\n", to);
	return fflush(to) == 0 ? status : 2;
}

/*
 * If our buffer makes memory short, the kernel should end us and nobody else: the core is cut then,
 * and says so by its length.
 */
static void
be_first_to_go(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)io_write(fd, "1000", 4);
	io_close(fd);
}

/* What the record is told, and where. */
struct told {
	const struct capture *capture;
	int64_t start;
	int fd;			/* -d, or -1 */
	int asked;		/* -p was given */
	int done;
};

static void
tell(struct told *t)
{
	const struct capture *c = t->capture;
	char text[512];
	int n;

	if (t->fd < 0 || t->done)
		return;
	t->done = 1;
	n = snprintf(text, sizeof(text), "captured=%s\n", c->why != NULL ? "stream" : "process");
	if (c->why != NULL && t->asked)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "captured_why=%s%s%s\n", c->why,
		    c->why_error != 0 ? ": " : "", c->why_error != 0 ? strerror(c->why_error) : "");
	if (c->released > 0)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "held_ms=%" PRId64 "\n",
		    c->released - t->start);
	if (c->shared > 0)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "shared_memory=%" PRIu64 "\n",
		    c->shared);
	/* At most PIPE_BUF bytes: no other stage's lines come between. */
	if (io_write(t->fd, text, (size_t)n) < 0)
		warn("-d %d: the lines were not written", t->fd);
	if (t->fd != STDERR_FILENO)
		io_close(t->fd);
}

/* Lets go of the kernel's pipe. */
static void
close_input(void *arg)
{
	end_input_close(STDIN_FILENO);
	tell(arg);
}

static void
summary(const struct capture *c, int64_t start)
{
	if (c->why != NULL) {
		warnx("all of the stream: %s%s%s", c->why, c->why_error != 0 ? ": " : "",
		    c->why_error != 0 ? strerror(c->why_error) : "");
		return;
	}
	warnx("%" PRIu64 " bytes: %" PRIu64 " of the process, %" PRIu64 " never touched, %" PRIu64
	      " of the stream; at most %" PRIu64 " waited", c->bytes, c->from_process,
	    c->untouched, c->from_stream, c->peak);
	if (c->left_out > 0)
		warnx("%" PRIu64 " bytes of holes are left out", c->left_out);
	if (c->released > 0)
		warnx("the process was released after %" PRId64 " ms", c->released - start);
}

/* Says what went wrong, if anything did.  Returns our exit status, unless a command has one. */
static int
report(const struct capture *c, char **command, enum capture_status st)
{
	int told = end_input_told();

	if (st == CAPTURE_IN)
		warn("<stdin>: read");
	else if (st == CAPTURE_OUT)
		warn("%s: write", command != NULL ? *command : "<stdout>");
	else if (told != 0)
		warnx("<stdin>: ended by signal %d (%s)", told, strsignal(told));
	else if (st == CAPTURE_MEMORY)
		warn("pid %ld: its memory", (long)c->proof.pid);
	else if (st == CAPTURE_GONE)
		warnx("pid %ld: ended before all of it was read: %" PRIu64 " of %" PRIu64 " bytes",
		    (long)c->proof.pid, c->bytes, c->end);
	return st != CAPTURE_OK || told != 0 ? 2 : 0;
}

/* Ends the command, and says if it did not end by itself.  Returns its exit status, else 2. */
static int
end_command(struct command *command)
{
	int ended = command_end(command);

	if (WIFSIGNALED(ended))
		warnx("%s: killed by signal %d", *command->argv, WTERMSIG(ended));
	if (!WIFEXITED(ended))
		return 2;
	if (WEXITSTATUS(ended) != SPAWN_FAILED)
		return WEXITSTATUS(ended);
	warnx("%s: could not be run", *command->argv);
	return 2;
}

/* Ends the output: a command's, or ours.  Returns the exit status. */
static int
end_output(const struct capture *c, struct command *command, enum capture_status st)
{
	int error = errno, ended, status;

	if (command->argv == NULL) {
		status = report(c, NULL, st);
		if (io_close(STDOUT_FILENO) == 0 || status != 0)
			return status;
		warn("<stdout>: close");
		return 2;
	}
	ended = end_command(command);
	/* One that failed has said itself why it read no further. */
	if (ended != 0 && st == CAPTURE_OUT && error == EPIPE)
		return ended;
	errno = error;
	status = report(c, command->argv, st);
	/* A core that was cut is stored all the same, as one of the stream is that ends too soon. */
	return ended != 0 || st == CAPTURE_GONE ? ended : status;
}

static void
take_options(struct capture *c, int argc, char **argv, const char *given[128])
{
	struct proc_proof *p = &c->proof;

	options_take(argc, argv, "+b:C:d:hl:P:p:T:vVz:", given, usage, "core-capture", NULL);
	if (given['p'] == NULL && (given['P'] != NULL || given['C'] != NULL)) {
		warnx("-%c needs -p", given['C'] != NULL ? 'C' : 'P');
		exit(usage(stderr, 2));
	}
	if (given['p'] != NULL)
		p->pid = (pid_t)option_id('p', given['p'], 1, INT32_MAX, "process ID");
	if (given['P'] != NULL)
		p->pidfd = (int)option_id('P', given['P'], 0, INT32_MAX, "descriptor");
	if (given['C'] != NULL)
		p->uid = (uint32_t)option_id('C', given['C'], 0, UINT32_MAX, "user ID");
	c->threads = given['T'] == NULL ? processors_usable() :
	    (size_t)option_number('T', given['T'], 1, ORDERED_WORKERS, "");
	if (given['z'] != NULL)
		c->holes = option_size('z', given['z'], 0);
	if (given['b'] != NULL && share_budget(&c->share, given['b']) < 0)
		errx(2, "-b %s: not a part from 0%% to %d%%, nor a size such as 512M", given['b'],
		    SHARE_PERCENT);
}

int
main(int argc, char **argv)
{
	static struct capture c = { .proof = { .pidfd = -1, .dumped = -1 },
		.share = { .percent = PERCENT }, .holes = HOLES, .release = close_input };
	const char *given[128] = { NULL };
	struct command command = { .argv = NULL, .fd = STDOUT_FILENO };
	enum capture_status st;
	struct told told = { .capture = &c, .start = now_ms(), .fd = -1 };
	int status, error;

	if (io_std() < 0)
		err(2, "/dev/null");
	take_options(&c, argc, argv, given);
	if (argc > optind)
		command.argv = argv + optind;
	else if (isatty(STDOUT_FILENO))
		errx(2, "<stdout>: is a terminal: a core is not written there");
	if (given['C'] != NULL && (c.proof.dumped = proc_hold(c.proof.pid)) < 0) {
		c.proof.pid = 0;
		c.why = "the process has gone";
	}
	if (given['d'] != NULL) {
		told.fd = (int)option_id('d', given['d'], 2, INT32_MAX, "descriptor above 1");
		if (fcntl(told.fd, F_GETFD) < 0)
			errx(2, "-d %d: not an open descriptor", told.fd);
	}
	told.asked = given['p'] != NULL;
	c.arg = &told;
	if (share_open(&c.share, given['l']) < 0) {
		if (errno == EUSERS)
			warnx("%s: %d others share it: no memory is left", given['l'],
			    SHARE_ENTRIES);
		else
			warn("%s: the memory is not shared with other captures", given['l']);
	}
	if (end_input_heed() < 0)
		err(2, "/dev/null");
	if (command.argv != NULL && command_start(&command) < 0)
		err(2, "%s", *command.argv);
	end_input_tell(command.pid, 0);
	if (c.share.percent > 0 || c.share.bytes > 0)
		be_first_to_go();
	st = capture_run(&c, STDIN_FILENO, command.fd);
	error = errno;
	tell(&told);
	errno = error;
	status = end_output(&c, &command, st);
	if (given['v'] != NULL)
		summary(&c, told.start);
	share_close(&c.share);
	return status;
}
