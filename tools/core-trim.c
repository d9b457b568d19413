/* core-trim - a core cut down to what a backtrace needs; as a tap, beside the whole */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/number.h"
#include "core/read.h"
#include "dumps/operand.h"
#include "proc/maps.h"
#include "proc/task.h"
#include "store/output.h"
#include "stored/open.h"
#include "system/end_input.h"
#include "trim/process.h"
#include "trim/stream.h"
#include "trim/trim.h"

/* The status for a command that is not there, as a shell has it. */
#define NOT_STARTED 127

static const char no_depth[] =
    "-d: the memory of a stream cannot be asked for again: a file's, or the process's (-p), can";

struct options {
	struct trim_options trim;
	struct trim_process process;	/* pid 0: the memory of the core */
	struct output small;		/* of -o, of -c, or standard output */
	int chain;			/* -c */
	const char *identity;		/* age's, for a FILE */
	char **command;			/* its second: who gets the whole core */
	struct command_hold hold;	/* shared NULL: we are not the child of apart */
};

static int
usage(FILE *to, int status)
{
	fputs("usage: core-trim [-hV] [-d N] [-i IDENTITY] [-k PATTERN] [-m BYTES] [-M BYTES]\n"
	      "                 [-p PID [-C UID] [-P FD]] [-r START:LENGTH] [-s BYTES] [-x MODULE!SYMBOL]\n"
	      "                 [FILE]\n"
	      "       core-trim -o SMALL [OPTION ...]\n"
	      "       core-trim -c [OPTION ...] COMMAND [ARG ...] ';' COMMAND [ARG ...]\n", to);
	return fflush(to) == 0 ? status : 2;
}

/* Says why there is no small core; -1. */
static int
cannot(enum trim_status st, const struct core *c, const char *name)
{
	if (st == TRIM_SYSTEM)
		warn("%s", name);
	else
		warnx("%s: %s", name, st == TRIM_NO_CORE && c->bad != NULL ? c->bad : trim_words(st));
	return -1;
}

static void
report(int full, size_t unknown, const char *const *symbol)
{
	if (full)
		warnx("more memory is asked for than is kept: what is of less worth is left out");
	if (unknown > 0)
		warnx("-x %s: not found%s", *symbol, unknown > 1 ? ", nor others" : "");
}

/* Ends the small core's output; 0, or -1 when there is none. */
static int
close_small(struct output *w, int whole)
{
	int status;

	if (output_close(w, whole, &status) == 0)
		return whole ? 0 : -1;
	if (status != 0)
		warnx("%s: %s %d", output_name(w), WIFSIGNALED(status) ? "killed by signal" : "exit status",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	else
		warn("%s: write", output_name(w));
	return -1;
}

/* The small core, from the process's memory; 1 when the stream's is to do instead. */
static int
from_process(struct options *o, struct trim_stream *s)
{
	struct trim_process *p = &o->process;
	struct output w = o->small;
	int done, tap = w.command.argv != NULL || w.file != NULL;

	if (output_open(&w) < 0)
		return warn("%s", output_name(&w)), -1;
	done = trim_process_write(p, &s->core, s->head, &o->trim, w.fd) == 0;
	report(p->full, p->unknown_symbols, o->trim.symbol + p->unknown_symbol);
	errno = p->error;
	if (!done)
		cannot(p->status, &s->core, p->name);
	if (close_small(&w, done) == 0)
		return 0;
	/*
	 * The core's own faults are the stream's too; what has been written to standard output cannot be begun again, and
	 * who does not take it now never will.
	 */
	return !done && p->status == TRIM_SYSTEM && !p->refused && (tap || !p->begun) ? 1 : -1;
}

/* The small core, from what can be read of the whole one. */
static int
from_core(const struct options *o, struct trim *t, const char *name)
{
	enum trim_status st = trim_plan(t);
	struct output w = o->small;
	int done;

	if (st != TRIM_OK)
		return cannot(st, t->core, name);
	if (output_open(&w) < 0)
		return warn("%s", output_name(&w)), -1;
	report(t->full, t->unknown_symbols, t->options->symbol + t->unknown_symbol);
	done = trim_write(t, w.fd) == 0;
	if (!done)
		warn("%s: write", output_name(&w));
	return close_small(&w, done);
}

/* The core in a file that can be sought, or compressed. */
static int
from_file(const struct options *o, int fd, const char *name)
{
	struct trim t = { .options = &o->trim };
	enum stored_status st;
	struct stored s;
	struct core c;
	uint64_t size;
	int status;

	if ((st = stored_open(&s, fd, o->identity, 0)) == STORED_CANNOT)
		errx(2, "%s: %s", name, s.why);
	if (st == STORED_DAMAGED)
		warnx("%s: %s", name, s.why);
	core_open(&c);
	if (core_read_image(&c, s.image, &size) < 0)
		err(2, "%s", name);
	t.core = &c;
	t.head = s.image;
	t.memory = trim_memory_image(s.image);
	status = from_core(o, &t, name) == 0 ? 0 : 2;
	trim_close(&t);
	core_close(&c);
	stored_close(&s);
	return status;
}

/* Passes the whole core on, and puts aside what may be wanted of it for t, unless NULL; 0, or -1. */
static int
pass(struct trim_stream *s, struct trim *t, int out, enum trim_status *st)
{
	int rc = t != NULL ? trim_stream_select(s, t, out, st) : trim_stream_pass(s, out), told = end_input_told();

	if (rc != 0)
		warn("%s", rc == CORE_READ_IN ? "<stdin>" : "<stdout>: write");
	else if (told != 0)
		warnx("<stdin>: ended by signal %d (%s)", told, strsignal(told));
	return rc != 0 || told != 0 ? -1 : 0;
}

static void
ask_files(void *arg, struct core_files *f)
{
	const struct trim_process *p = arg;

	proc_files(f, p->pid, p->pidfd, p->dumped, p->uid);
}

static int
become_whole(char **command)
{
	command_become(command);
	warn("%s", command[0]);
	return NOT_STARTED;
}

/* Without the small core, or after it: the child's parent becomes the second command. */
static int
leave_whole(const struct options *o)
{
	return o->hold.shared != NULL ? 0 : become_whole(o->command);
}

static int
from_pipe(struct options *o)
{
	int tap = o->small.command.argv != NULL || o->small.file != NULL, small = 1, status = 0, out = -1, why;
	struct command whole = { .argv = o->command };
	struct trim t = { .options = &o->trim };
	struct trim_stream s;
	enum trim_status st;

	trim_stream_init(&s, STDIN_FILENO);
	if (o->hold.shared != NULL)
		s.touched = &o->hold.shared->touched;
	if (o->process.pid != 0) {
		s.core.ask_files = ask_files;
		s.core.ask_arg = &o->process;
	}
	if (tap && o->command == NULL && end_input_heed() < 0) {
		warn("/dev/null");
		return 2;
	}
	st = trim_stream_head(&s, tap && o->process.pid != 0);
	if (st != TRIM_OK)
		small = cannot(st, &s.core, "<stdin>");
	else if (o->process.pid != 0)
		small = from_process(o, &s);
	if (small != 1 && o->command != NULL && trim_stream_untouched(&s))
		return leave_whole(o);
	if (s.touched != NULL)
		*s.touched = 1;
	if (o->command != NULL && command_start(&whole) < 0)
		err(2, "%s", o->command[0]);
	end_input_tell(whole.pid);
	out = o->command != NULL ? whole.fd : o->small.file != NULL ? STDOUT_FILENO : -1;
	if (out >= 0 || small == 1)
		status = pass(&s, small == 1 ? &t : NULL, out, &st) != 0 ? 2 : 0;
	why = errno;
	/* Neither the kernel nor the reader of the whole waits for the small one. */
	if (out >= 0 && io_close(out) < 0 && status == 0)
		status = (warn("<stdout>: close"), 2);
	whole.fd = -1;
	io_close(STDIN_FILENO);
	io_std();
	errno = why;
	if (small == 1 && status == 0)
		small = st == TRIM_OK ? from_core(o, &t, "<stdin>") : cannot(st, &s.core, "<stdin>");
	if (o->command != NULL) {
		int ended = command_end(&whole);

		status = WIFEXITED(ended) ? WEXITSTATUS(ended) : 2;
		if (status == NOT_STARTED)
			warnx("%s: exit status %d", o->command[0], status);
	}
	trim_close(&t);
	trim_stream_close(&s);
	return tap ? status : small == 0 && status == 0 ? 0 : 2;
}

/* -c: what reads the core is a child, so that whatever that dies of, the whole core goes to the second command. */
static int
apart(struct options *o)
{
	int status;

	if (end_input_heed() < 0) {
		warn("/dev/null");
		return become_whole(o->command);
	}
	switch (command_apart(&o->hold, &status)) {
	case 0:
		o->small.command.hold = &o->hold;
		return from_pipe(o);
	case -1:
		o->hold.shared = NULL;
		return from_pipe(o);
	}
	if (WIFSIGNALED(status))
		warnx("<stdin>: the small core: killed by signal %d", WTERMSIG(status));
	if (!o->hold.shared->touched)
		return become_whole(o->command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

/* The size that an option has; *misused when it is none. */
static uint64_t
size(int letter, uint64_t least, int *misused)
{
	uint64_t n = least;

	if (number_size(optarg, least, INT64_MAX, &n) < 0) {
		warnx("-%c %s: not a size, such as 512, 64K or 8M, of at least %" PRIu64 " bytes", letter, optarg, least);
		*misused = 1;
	}
	return n;
}

static uint32_t
number(int letter, uint64_t least, uint64_t most, int *misused)
{
	uint64_t n = least;

	if (number_parse(optarg, least, most, &n) < 0) {
		warnx("-%c %s: not a number from %" PRIu64 " to %" PRIu64, letter, optarg, least, most);
		*misused = 1;
	}
	return (uint32_t)n;
}

/* Takes the options.  Returns -1, or the status to end with. */
static int
take_options(struct options *o, int argc, char **argv)
{
	static const char **patterns, **symbols;
	static struct trim_span *spans;
	int misused = 0, user = 0, c;

	if ((patterns = calloc((size_t)argc, sizeof(*patterns))) == NULL ||
	    (symbols = calloc((size_t)argc, sizeof(*symbols))) == NULL ||
	    (spans = calloc((size_t)argc, sizeof(*spans))) == NULL)
		return warn(NULL), 2;
	o->trim.pattern = patterns;
	o->trim.span = spans;
	o->trim.symbol = symbols;
	/* "+": the options of the commands are theirs. */
	while ((c = getopt(argc, argv, "+C:cd:hi:k:m:M:o:P:p:r:s:Vx:")) != -1) {
		switch (c) {
		case 'C':
			o->process.uid = number(c, 0, UINT32_MAX, &misused);
			user = 1;
			break;
		case 'c':
			o->chain = 1;
			break;
		case 'd':
			o->trim.depth = number(c, 0, TRIM_DEPTH, &misused);
			break;
		case 'h':
			return usage(stdout, 0);
		case 'i':
			o->identity = optarg;
			break;
		case 'k':
			patterns[o->trim.patterns++] = optarg;
			break;
		case 'm':
		case 'M':
			*(c == 'm' ? &o->trim.budget : &o->trim.memory) = size(c, 1, &misused);
			break;
		case 'o':
			o->small.file = optarg;
			break;
		case 'P':
			o->process.pidfd = (int)number(c, 0, INT32_MAX, &misused);
			break;
		case 'p':
			o->process.pid = (pid_t)number(c, 1, INT32_MAX, &misused);
			break;
		case 'r':
			if (number_span(optarg, &spans[o->trim.spans].start, &spans[o->trim.spans].len) < 0) {
				warnx("-r %s: not START:LENGTH, such as 0x7f0000001000:4K", optarg);
				misused = 1;
			}
			o->trim.spans++;
			break;
		case 's':
			o->trim.stack = size(c, TRIM_STACK_LEAST, &misused);
			break;
		case 'V':
			puts("core-trim " VERSION);
			return fflush(stdout) == 0 ? 0 : 2;
		case 'x':
			if (strchr(optarg, '!') == NULL) {
				warnx("-x %s: not MODULE!SYMBOL", optarg);
				misused = 1;
			}
			symbols[o->trim.symbols++] = optarg;
			break;
		default:
			return usage(stderr, 2);
		}
	}
	if (misused)
		return 2;
	if (o->process.pid == 0 && (o->process.pidfd >= 0 || user)) {
		warnx("-%c needs -p", user ? 'C' : 'P');
		return usage(stderr, 2);
	}
	if (o->identity != NULL && (o->chain || o->small.file != NULL || o->process.pid != 0)) {
		warnx("-i is for a FILE, and for none of -c, -o and -p");
		return usage(stderr, 2);
	}
	if (user && (o->process.dumped = proc_hold(o->process.pid)) < 0) {
		warn("pid %ld: the memory of the stream in its place", (long)o->process.pid);
		o->process.pid = 0;
	}
	return -1;
}

/* Without a small core: becomes the second command of -c, if argv has one, which gets the whole core untouched. */
static int
whole_alone(char **argv)
{
	while (*argv != NULL && strcmp(*argv, ";") != 0)
		argv++;
	if (*argv == NULL || argv[1] == NULL)
		return 2;
	return become_whole(argv + 1);
}

int
main(int argc, char **argv)
{
	struct options o = { .trim = { .stack = TRIM_STACK }, .process = { .pidfd = -1, .dumped = -1 } };
	static struct operand n;
	int is_file, status;

	if (io_std() < 0)
		return 2;
	status = take_options(&o, argc, argv);
	argv += optind;
	argc -= optind;
	if (status < 0 && o.chain && (o.small.file != NULL || command_split(argv, &o.command) < 0))
		status = usage(stderr, 2);
	if (status < 0 && o.chain && o.process.pid == 0 && o.trim.depth > 0) {
		warnx(no_depth);
		return become_whole(o.command);
	}
	if (status >= 0)
		return o.chain && status == 2 ? whole_alone(argv) : status;
	if (o.chain)
		o.small.command.argv = argv;
	else if (argc > (o.small.file == NULL && o.process.pid == 0))
		return usage(stderr, 2);
	if (operand_open(&n, o.chain ? NULL : *argv, 0, CONF_FILE, DUMPS_DIR) < 0)
		errx(2, "%s: %s", n.shown, n.why);
	if (n.note != NULL)
		warnx("%s: %s", n.shown, n.note);
	if (!o.chain && o.small.file == NULL && isatty(STDOUT_FILENO))
		errx(2, "<stdout>: is a terminal: a core is not written there");
	if (o.chain)
		return apart(&o);
	is_file = o.small.file == NULL && o.process.pid == 0 &&
	    (lseek(n.fd, 0, SEEK_CUR) >= 0 || unpack_knows(n.fd));
	if (!is_file && o.process.pid == 0 && o.trim.depth > 0)
		errx(2, no_depth);
	return is_file ? from_file(&o, n.fd, n.shown) : from_pipe(&o);
}
