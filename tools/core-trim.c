/* core-trim - a core cut down to what a backtrace needs; as a tap, beside the whole */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "dumps/operand.h"
#include "options.h"
#include "proc/task.h"
#include "stored/open.h"
#include "trim/tap.h"

static const struct option_about about = { .calls = TRIM_TAP_CALLS };
static const char no_depth[] =
    "-d: the memory of a stream cannot be asked for again: a file's, or the process's (-p), can";

struct options {
	struct trim_tap tap;
	const char *identity;		/* -i: age's, for a FILE */
	int chain;			/* -c */
	int user;			/* -C */
	int misused;
};

static int
usage(FILE *to, int status)
{
	fputs("usage: core-trim [-huV] [-d N] [-i IDENTITY] [-k PATTERN] [-m BYTES] [-M BYTES]\n"
	      "                 [-p PID [-C UID] [-P FD]] [-r START:LENGTH] [-s BYTES]\n"
	      "                 [-x MODULE!SYMBOL] [FILE]\n"
	      "       core-trim -o SMALL [OPTION ...]\n"
	      "       core-trim -c [OPTION ...] COMMAND [ARG ...] ';' COMMAND [ARG ...]\n", to);
	return fflush(to) == 0 ? status : 2;
}

/* The core in a file that can be sought, or compressed. */
static int
from_file(const struct options *o, int fd, const char *name)
{
	struct stored s;
	int status;

	if (stored_open(&s, fd, o->identity, 0) != STORED_OK)
		warnx("%s: %s", name, s.why);
	if (s.status == STORED_CANNOT)
		return 2;
	status = trim_tap_image(&o->tap, s.image, name);
	stored_close(&s);
	return status;
}

static uint64_t
size(struct options *o, int letter, uint64_t least)
{
	uint64_t n = least;

	if (number_size(optarg, least, INT64_MAX, &n) < 0) {
		warnx("-%c %s: not a size, such as 512, 64K or 8M, of at least %" PRIu64 " bytes",
		    letter, optarg, least);
		o->misused = 1;
	}
	return n;
}

static uint32_t
number(struct options *o, int letter, uint64_t least, uint64_t most)
{
	uint64_t n = least;

	if (number_parse(optarg, least, most, &n) < 0) {
		warnx("-%c %s: not a number from %" PRIu64 " to %" PRIu64,
		    letter, optarg, least, most);
		o->misused = 1;
	}
	return (uint32_t)n;
}

/* An option that adds to what is kept; 0 when it is none. */
static int
take_memory(struct options *o, int letter)
{
	struct trim_options *t = &o->tap.options;

	switch (letter) {
	case 'd':
		t->depth = number(o, letter, 0, TRIM_DEPTH);
		break;
	case 'k':
		t->pattern[t->patterns++] = optarg;
		break;
	case 'm':
		t->budget = size(o, letter, 1);
		break;
	case 'M':
		t->memory = size(o, letter, 1);
		break;
	case 'r':
		if (number_span(optarg, &t->span[t->spans].start, &t->span[t->spans].len) < 0) {
			warnx("-r %s: not START:LENGTH, such as 0x7f0000001000:4K", optarg);
			o->misused = 1;
		}
		t->spans++;
		break;
	case 's':
		t->stack = size(o, letter, TRIM_STACK_LEAST);
		break;
	case 'u':
		t->unwind = 1;
		break;
	case 'x':
		if (strchr(optarg, '!') == NULL) {
			warnx("-x %s: not MODULE!SYMBOL", optarg);
			o->misused = 1;
		}
		t->symbol[t->symbols++] = optarg;
		break;
	default:
		return 0;
	}
	return 1;
}

/* Takes the options.  Returns -1, or the status to end with. */
static int
take_options(struct options *o, int argc, char **argv)
{
	struct trim_options *t = &o->tap.options;
	struct trim_process *p = &o->tap.process;
	int c;

	if ((t->pattern = calloc((size_t)argc, sizeof(*t->pattern))) == NULL ||
	    (t->symbol = calloc((size_t)argc, sizeof(*t->symbol))) == NULL ||
	    (t->span = calloc((size_t)argc, sizeof(*t->span))) == NULL)
		err(2, NULL);
	/* "+": the options behind the first operand are the commands'. */
	while ((c = getopt(argc, argv, "+C:cd:hi:k:m:M:o:P:p:r:s:uVx:")) != -1) {
		switch (c) {
		case 'C':
			p->uid = number(o, c, 0, UINT32_MAX);
			o->user = 1;
			break;
		case 'c':
			o->chain = 1;
			break;
		case 'h':
			return usage(stdout, 0);
		case 'i':
			o->identity = optarg;
			break;
		case 'o':
			o->tap.small.file = optarg;
			break;
		case 'P':
			p->pidfd = (int)number(o, c, 0, INT32_MAX);
			break;
		case 'p':
			p->pid = (pid_t)number(o, c, 1, INT32_MAX);
			break;
		case 'V':
			return option_version("core-trim", &about);
		default:
			if (!take_memory(o, c))
				return usage(stderr, 2);
		}
	}
	if (o->misused)
		return 2;
	if (p->pid == 0 && (p->pidfd >= 0 || o->user)) {
		warnx("-%c needs -p", o->user ? 'C' : 'P');
		return usage(stderr, 2);
	}
	if (o->identity != NULL && (o->chain || o->tap.small.file != NULL || p->pid != 0)) {
		warnx("-i is for a FILE, and for none of -c, -o and -p");
		return usage(stderr, 2);
	}
	return -1;
}

/* Becomes the second command of -c, if argv has one, which gets the whole core untouched. */
static int
whole_alone(struct trim_tap *tap, char **argv)
{
	while (*argv != NULL && strcmp(*argv, ";") != 0)
		argv++;
	if (*argv == NULL || argv[1] == NULL)
		return 2;
	tap->whole = argv + 1;
	return trim_tap_become_whole(tap);
}

/* Makes the small core of what the operand names. */
static int
make(struct options *o, const char *operand)
{
	struct trim_tap *tap = &o->tap;
	static struct operand n;
	int is_file;

	if (operand_open(&n, operand, 0, CONF_FILE, DUMPS_DIR) < 0)
		errx(2, "%s: %s", n.shown, n.why);
	if (n.note != NULL)
		warnx("%s: %s", n.shown, n.note);
	if (!o->chain && tap->small.file == NULL && isatty(STDOUT_FILENO))
		errx(2, "<stdout>: is a terminal: a core is not written there");
	if (o->chain)
		return trim_tap_apart(tap);
	is_file = tap->small.file == NULL && tap->process.pid == 0 &&
	    (lseek(n.fd, 0, SEEK_CUR) >= 0 || unpack_knows(n.fd));
	if (!is_file && tap->process.pid == 0 && tap->options.depth > 0)
		errx(2, no_depth);
	return is_file ? from_file(o, n.fd, n.shown) : trim_tap_pipe(tap);
}

int
main(int argc, char **argv)
{
	static struct options o = { .tap = { .options = { .stack = TRIM_STACK },
		.process = { .pidfd = -1, .dumped = -1 }, .say = say_message } };
	struct trim_tap *tap = &o.tap;
	int status;

	if (io_std() < 0)
		err(2, "/dev/null");
	status = take_options(&o, argc, argv);
	argv += optind;
	argc -= optind;
	if (status < 0 && o.user && (tap->process.dumped = proc_hold(tap->process.pid)) < 0) {
		warn("pid %ld: the memory of the stream in its place", (long)tap->process.pid);
		tap->process.pid = 0;
	}
	if (status < 0 && o.chain &&
	    (tap->small.file != NULL || command_split(argv, &tap->whole) < 0))
		status = usage(stderr, 2);
	if (status < 0 && o.chain && tap->process.pid == 0 && tap->options.depth > 0) {
		warnx(no_depth);
		return trim_tap_become_whole(tap);
	}
	if (status >= 0)
		return o.chain && status == 2 ? whole_alone(tap, argv) : status;
	if (o.chain)
		tap->small.command.argv = argv;
	else if (argc > (tap->small.file == NULL && tap->process.pid == 0))
		return usage(stderr, 2);
	return make(&o, o.chain ? NULL : *argv);
}
