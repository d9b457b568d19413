/* core-trim - a core cut down to what a backtrace needs; as a tap, beside the whole */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "core_read.h"
#include "io.h"
#include "number.h"
#include "proc_core_linux.h"
#include "store_linux.h"
#include "trim.h"
#include "trim_process_linux.h"
#include "trim_stream_linux.h"

struct options {
	struct trim_options trim;
	struct trim_process process;	/* pid 0: the memory of the core */
	char **small, **command;	/* of -c; the latter NULL: nobody gets the whole core */
	const char *file;		/* of -o */
	struct sigaction pipe;		/* of SIGPIPE, as it was */
};

static int
usage(FILE *to, int status)
{
	fputs("usage: core-trim [-hV] [-d N] [-k PATTERN] [-m BYTES] [-p PID [-P FD]]\n"
	      "                 [-r START:LENGTH] [-s BYTES] [-x MODULE!SYMBOL] [FILE]\n"
	      "       core-trim -o SMALL [OPTION ...]\n"
	      "       core-trim -c [OPTION ...] COMMAND [ARG ...] ';' COMMAND [ARG ...]\n", to);
	return fflush(to) == 0 ? status : 2;
}

static void
cannot(enum trim_status st, const struct core *c, const char *name)
{
	if (st == TRIM_SYSTEM)
		warn("%s", name);
	else
		warnx("%s: %s", name, st == TRIM_NO_CORE && c->bad != NULL ? c->bad : trim_words(st));
}

static void
report(int full, size_t unknown, const char *symbol)
{
	if (full)
		warnx("over %u pages of %u bytes: the rest is left out", TRIM_PAGES, TRIM_PAGE);
	if (unknown > 0)
		warnx("-x %s: not found%s", symbol, unknown > 1 ? ", nor others" : "");
}

/* Writes a small core whose plan is made, or says why not. */
static int
write_small(struct trim *t, int fd)
{
	report(t->full, t->unknown_symbols, t->unknown_symbol);
	if (trim_write(t, fd) == 0)
		return 0;
	warn("the small core");
	return -1;
}

/* The core in a file that can be sought, compressed or not. */
static int
from_file(const struct options *o, int fd, const char *name)
{
	struct trim t = { .options = &o->trim };
	struct image *i;
	struct core c;
	enum trim_status st;
	uint64_t size;
	int status = 2;

	core_open(&c);
	if (image_open(&i, fd) < 0 || core_read_image(&c, i, &size) < 0)
		err(2, "%s", name);
	t.core = &c;
	t.head = i;
	t.memory = trim_memory_image(i);
	if ((st = trim_plan(&t)) != TRIM_OK)
		cannot(st, &c, name);
	else if (write_small(&t, STDOUT_FILENO) == 0)
		status = 0;
	if (status == 0 && io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: write");
	trim_close(&t);
	core_close(&c);
	image_close(i);
	return status;
}

/* The small core on its way: to standard output, to a file, or to a command. */
struct small {
	struct store store;
	struct command command;
	int fd;
};

static int
small_open(const struct options *o, struct small *w)
{
	if (o->small != NULL) {
		w->command = (struct command){ .argv = o->small, .pipe = &o->pipe };
		if (command_start(&w->command) < 0)
			return warn("%s", o->small[0]), -1;
		w->fd = w->command.fd;
	} else if (o->file != NULL) {
		if (store_open(&w->store, o->file) < 0)
			return warn("%s", o->file), -1;
		w->fd = w->store.fd;
		if (store_taken(&w->store, 0)) {
			store_close(&w->store);
			return warnx("%s: %s", o->file, strerror(EEXIST)), -1;
		}
	} else if ((w->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)) < 0) {
		return warn("<stdout>"), -1;
	}
	return 0;
}

/* Ends it; whole: all has been written.  Returns 0, or -1 when there is no small core. */
static int
small_close(const struct options *o, struct small *w, int whole)
{
	int status;

	if (o->small != NULL && !whole) {
		command_kill(&w->command);
	} else if (o->small != NULL) {
		status = command_end(&w->command);
		if (status != 0)
			warnx("%s: %s %d", o->small[0], WIFSIGNALED(status) ? "killed by signal" : "exit status",
			    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		whole = status == 0;
	} else if (o->file != NULL) {
		if (whole && store_publish(&w->store, "", STORE_SYNC) < 0)
			whole = (warn("%s", o->file), 0);
		store_close(&w->store);
	} else if (io_close(w->fd) < 0 || io_close(STDOUT_FILENO) < 0) {
		whole = (warn("<stdout>: write"), 0);
	}
	return whole ? 0 : -1;
}

/* The small core, from the process's memory; 1 when the stream's is to do instead. */
static int
from_process(struct options *o, struct trim_stream *s)
{
	struct trim_process *p = &o->process;
	struct small w;
	int done;

	if (small_open(o, &w) < 0)
		return -1;
	done = trim_process_write(p, &s->core, s->head, &o->trim, w.fd) == 0;
	if (done) {
		report(p->full, p->unknown_symbols, p->unknown_symbols > 0 ? o->trim.symbol[p->unknown_symbol] : NULL);
	} else if (p->status != TRIM_SYSTEM) {
		warnx("pid %ld: %s", (long)p->pid, trim_words(p->status));
	} else {
		errno = p->error;
		warn("pid %ld%s%s", (long)p->pid, p->why != NULL ? ": " : "", p->why != NULL ? p->why : "");
	}
	/* What has been written to standard output is there, and cannot be begun again. */
	if (!done && o->small == NULL && o->file == NULL && !p->begun)
		return io_close(w.fd), 1;
	if (small_close(o, &w, done) == 0)
		return 0;
	return !done && (o->small != NULL || o->file != NULL) ? 1 : -1;
}

/* The same, from what has been put aside of the stream. */
static int
from_stream(struct options *o, struct trim *t)
{
	enum trim_status st = trim_plan(t);
	struct small w;
	int rc = -1;

	if (st != TRIM_OK)
		cannot(st, t->core, "<stdin>");
	else if (small_open(o, &w) == 0)
		rc = small_close(o, &w, write_small(t, w.fd) == 0);
	return rc;
}

/* Passes the whole core on, and puts aside what may be wanted of it when st is TRIM_OK; 0, or -1. */
static int
pass(struct trim_stream *s, struct trim *t, int out, enum trim_status *st)
{
	int rc = 0;

	if (*st == TRIM_OK)
		rc = trim_stream_select(s, t, out, st);
	else if (out >= 0)
		rc = trim_stream_pass(s, out);
	if (rc != 0)
		warn("%s", rc == CORE_READ_IN ? "<stdin>" : "<stdout>: write");
	return rc;
}

static volatile sig_atomic_t child;
static int nothing;

/* Told to end, core-trim tells its command, and reads the end of its input. */
static void
end_input(int sig)
{
	int saved = errno;

	if (child > 0)
		kill((pid_t)child, sig);
	dup2(nothing, STDIN_FILENO);
	errno = saved;
}

static void
heed_signals(struct options *o)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction act = { .sa_handler = end_input }, old, ignore = { .sa_handler = SIG_IGN };

	if ((nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0)
		err(2, "/dev/null");
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (sigaction(ends[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(ends[i], &act, NULL);
	/* The end of one reader is a failed write, and no end of passing on to the other. */
	sigaction(SIGPIPE, &ignore, &o->pipe);
}

static void
ask_files(void *arg, struct core_files *f)
{
	const struct trim_process *p = arg;

	proc_files(f, p->pid, p->pidfd);
}

static int
from_pipe(struct options *o)
{
	int tap = o->small != NULL || o->file != NULL, small = 1, status = 0, out = -1;
	struct command whole = { .argv = o->command, .pipe = &o->pipe };
	struct trim t = { .options = &o->trim };
	struct trim_stream s;
	enum trim_status st;

	trim_stream_init(&s, STDIN_FILENO);
	if (o->process.pid != 0) {
		s.core.ask_files = ask_files;
		s.core.ask_arg = &o->process;
	}
	if (tap)
		heed_signals(o);
	st = trim_stream_head(&s, tap && o->process.pid != 0);
	if (st != TRIM_OK) {
		cannot(st, &s.core, "<stdin>");
		small = -1;
	} else if (o->process.pid != 0) {
		small = from_process(o, &s);
		st = small == 1 ? TRIM_OK : TRIM_CUT;
	}
	if (small != 1 && o->command != NULL && trim_stream_untouched(&s)) {
		sigaction(SIGPIPE, &o->pipe, NULL);
		execvp(o->command[0], o->command);
		err(2, "%s", o->command[0]);
	}
	if (o->command != NULL && command_start(&whole) < 0)
		err(2, "%s", o->command[0]);
	child = whole.pid;
	out = o->command != NULL ? whole.fd : o->file != NULL ? STDOUT_FILENO : -1;
	if (out >= 0 || small == 1)
		status = pass(&s, &t, out, &st) != 0 ? 2 : 0;
	/* Neither the kernel nor the reader of the whole waits for the small one. */
	if (out >= 0 && io_close(out) < 0 && status == 0)
		status = (warn("<stdout>: close"), 2);
	whole.fd = -1;
	io_close(STDIN_FILENO);
	io_std();
	if (small == 1 && status == 0)
		small = st == TRIM_OK ? from_stream(o, &t) : (cannot(st, &s.core, "<stdin>"), -1);
	if (o->command != NULL) {
		int ended = command_end(&whole);

		status = WIFEXITED(ended) ? WEXITSTATUS(ended) : 2;
	}
	trim_close(&t);
	trim_stream_close(&s);
	return tap ? status : small == 0 && status == 0 ? 0 : 2;
}

static uint64_t
size(int letter, uint64_t least)
{
	uint64_t n;

	if (number_size(optarg, least, INT64_MAX, &n) < 0)
		errx(2, "-%c %s: not a size of at least %" PRIu64 " bytes, or with K, M, G or T behind it", letter, optarg, least);
	return n;
}

static int
number(int letter, uint64_t least, uint64_t most)
{
	uint64_t n;

	if (number_parse(optarg, least, most, &n) < 0)
		errx(2, "-%c %s: not a number from %" PRIu64 " to %" PRIu64, letter, optarg, least, most);
	return (int)n;
}

/* START:LENGTH, the former in any base, the latter a size too. */
static struct trim_span
span(const char *text)
{
	struct trim_span s = { 0 };
	const char *colon = strchr(text, ':');
	char *end;

	errno = 0;
	s.start = strtoull(text, &end, 0);
	if (colon == NULL || end != colon || *text < '0' || *text > '9' || errno != 0 ||
	    (number_size(colon + 1, 1, INT64_MAX, &s.len) < 0 &&
	    (strncmp(colon + 1, "0x", 2) != 0 || (s.len = strtoull(colon + 1, &end, 16)) == 0 || *end != '\0')))
		errx(2, "-r %s: not START:LENGTH, such as 0x7f0000001000:4K", text);
	return s;
}

/* One more of what can be given several times: the operands have room for them all. */
#define MORE(array, count, value) ((array)[(count)++] = (value))

/* The two commands of -c, of which the first ends with ";". */
static int
commands(struct options *o, char **argv)
{
	o->small = o->command = argv;
	while (*o->command != NULL && strcmp(*o->command, ";") != 0)
		o->command++;
	if (*o->command == NULL || o->command == argv || o->command[1] == NULL)
		return -1;
	*o->command++ = NULL;
	return 0;
}

int
main(int argc, char **argv)
{
	struct options o = { .trim = { .stack = TRIM_STACK }, .process = { .pidfd = -1 } };
	const char **patterns = calloc((size_t)argc, sizeof(*patterns)), **symbols = calloc((size_t)argc, sizeof(*symbols));
	struct trim_span *spans = calloc((size_t)argc, sizeof(*spans));
	int chain = 0, fd, c;
	const char *name;

	if (io_std() < 0 || patterns == NULL || symbols == NULL || spans == NULL)
		return 2;
	/* "+": the options of the commands are theirs. */
	while ((c = getopt(argc, argv, "+cd:hk:m:o:P:p:r:s:Vx:")) != -1) {
		switch (c) {
		case 'c':
			chain = 1;
			break;
		case 'd':
			o.trim.depth = (unsigned)number(c, 0, TRIM_DEPTH);
			break;
		case 'h':
			return usage(stdout, 0);
		case 'k':
			MORE(patterns, o.trim.patterns, optarg);
			break;
		case 'm':
			o.trim.budget = size(c, 1);
			break;
		case 'o':
			o.file = optarg;
			break;
		case 'P':
			o.process.pidfd = number(c, 0, INT32_MAX);
			break;
		case 'p':
			o.process.pid = number(c, 1, INT32_MAX);
			break;
		case 'r':
			MORE(spans, o.trim.spans, span(optarg));
			break;
		case 's':
			o.trim.stack = size(c, TRIM_STACK_LEAST);
			break;
		case 'V':
			puts("core-trim " VERSION);
			return fflush(stdout) == 0 ? 0 : 2;
		case 'x':
			if (strchr(optarg, '!') == NULL)
				errx(2, "-x %s: not MODULE!SYMBOL", optarg);
			MORE(symbols, o.trim.symbols, optarg);
			break;
		default:
			return usage(stderr, 2);
		}
	}
	o.trim.pattern = patterns;
	o.trim.span = spans;
	o.trim.symbol = symbols;
	if ((o.process.pid == 0 && o.process.pidfd >= 0) || (chain && o.file != NULL) ||
	    (chain ? commands(&o, argv + optind) < 0 : argc - optind > (o.file == NULL && o.process.pid == 0)))
		return usage(stderr, 2);
	name = chain || argv[optind] == NULL || strcmp(argv[optind], "-") == 0 ? "<stdin>" : argv[optind];
	if ((fd = io_open(chain ? NULL : argv[optind])) < 0)
		err(2, "%s", name);
	if (isatty(fd))
		errx(2, "%s: is a terminal: a core is not read from there", name);
	if (!chain && o.file == NULL && isatty(STDOUT_FILENO))
		errx(2, "<stdout>: is a terminal: a core is not written there");
	if (!chain && o.file == NULL && o.process.pid == 0 && lseek(fd, 0, SEEK_CUR) >= 0)
		return from_file(&o, fd, name);
	if (o.process.pid == 0 && o.trim.depth > 0)
		errx(2, "-d: the memory of a stream cannot be asked for again: the process (-p) or a file can");
	return from_pipe(&o);
}
