/* core-trace - show the stack of every thread in a core, or a fingerprint of the crashed one */
#define _XOPEN_SOURCE 700
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/terminal.h"
#include "core/core.h"
#include "dumps/operand.h"
#include "kept/sources.h"
#include "options.h"
#include "stack/instead.h"
#include "kept/servers.h"
#include "stack/show.h"
#include "stack/text.h"
#include "stack/trace.h"
#include "store/turn.h"
#include "stored/open.h"
#include "system/owner.h"

static int
usage(FILE *to, int status)
{
	fputs("usage: core-trace [-abDhjmnrsSvV] [-d DEBUGDIR] [-e ELF] [-i IDENTITY] [-l DIR]\n"
	      "                  [-R ROOT] [-t SECONDS] [-u USER] [-w SECONDS] [CORE]\n", to);
	return fflush(to) == 0 ? status : 2;
}

static int
put(void *arg, const char *text, size_t len)
{
	(void)arg;
	return fwrite(text, 1, len, stdout) == len ? 0 : -1;
}

/* Says what is missing of the core; returns whether anything is. */
static int
tell_missing(const char *name, struct image *i, const struct core *c)
{
	uint64_t at;
	enum inflate_status st = image_end(i, &at);

	if (st != INFLATE_OK)
		warnx("%s: byte %" PRIu64 ": %s", name, at, inflate_words(st));
	if (image_size(i) < c->promised)
		warnx("%s: cut short: ends after %" PRIu64 " of %" PRIu64 " bytes", name,
		    image_size(i), c->promised);
	if (c->bad != NULL)
		warnx("%s: %s", name, c->bad);
	/* What follows the compressed core is no part of it. */
	return (st != INFLATE_OK && st != INFLATE_TRAILING) || image_size(i) < c->promised ||
	    c->bad != NULL;
}

/* Prints the stacks, and says what is missing of them; the exit status. */
static int
print_stacks(struct trace_show *shown, const char *name, const struct stored *s, struct trace *t)
{
	int rc = trace_show(shown, t), part;

	part = tell_missing(name, s->image, trace_core(t)) | trace_changed(t) |
	    (trace_unopened(t) != 0) | (s->status == STORED_DAMAGED);
	if (trace_unopened(t) != 0)
		warnx("%s: no fingerprint: files of its modules: %s", name,
		    strerror(trace_unopened(t)));
	if (trace_slow_servers(t))
		warnx("%s: a server in DEBUGINFOD_URLS is too slow: asked for no other file",
		    name);
	if (trace_changed(t))
		warnx("%s: a file of its modules was cut short meanwhile: "
		      "frames and names may be missing", name);
	if (shown->limited)
		warnx("%s: a stack has more than %d frames: the others are left out", name,
		    TRACE_CALLS);
	if (rc < 0)
		warnx("%s: threads: %s", name, trace_error());
	else if (shown->threads == 0)
		warnx("%s: no threads", name);
	else if (rc > 0 && shown->most == 0)
		warnx("%s: more than %d threads: the others are left out", name, TRACE_THREADS);
	part |= shown->limited || rc < 0 || shown->threads == 0 || (rc > 0 && shown->most == 0);
	if (trace_show_end(shown, !part) < 0)
		err(2, "<stdout>: write");
	return part;
}

/* The colon separates in a search path, and a first '-' or '+' means something there. */
static char *
search_path(const char *dir)
{
	char *path;

	option_file(dir, 1);
	if ((path = realpath(dir, NULL)) == NULL)
		err(2, "%s", dir);
	if (strchr(path, ':') != NULL)
		errx(2, "-d %s: a path with a colon", dir);
	return path;
}

/* Puts the value of each option, "" where it takes none, into opt by its letter. */
static void
read_options(int argc, char **argv, const char *opt[128])
{
	options_take(argc, argv, "abDd:e:hi:jl:mnR:rsSt:u:vVw:", opt, usage, "core-trace", NULL);
	if (opt['e'] != NULL)
		option_file(opt['e'], 0);
	if (argc - optind > 1 || (opt['a'] != NULL && opt['r'] == NULL) ||
	    (opt['r'] != NULL && opt['j'] != NULL) ||
	    ((opt['n'] != NULL || opt['w'] != NULL) && opt['l'] == NULL))
		exit(usage(stderr, 2));
}

static unsigned
seconds(char option, const char *text)
{
	return text == NULL ? 0 : (unsigned)option_number(option, text, 1, 86400, " of seconds");
}

/*
 * Goes on when it is our turn, in a process that is watched: one that may hang, or be led astray.
 */
static void
take_turn(const char *opt[128], unsigned wait, unsigned limit)
{
	char words[TURN_WORDS];
	int status = 2;
	enum turn st = turn_take(opt['l'], opt['n'] != NULL ? TURN_SOME : TURN_ANY, wait, limit,
	    &status, words);

	if (st == TURN_WORK)
		return;
	if (st == TURN_FAILED)
		err(2, "-l %s", opt['l']);
	if (st == TURN_UNWRITTEN)
		err(2, "<stdout>: write");
	if (st != TURN_DONE)
		warnx("%s", words);
	if (opt['r'] != NULL && st != TURN_DONE)
		printf("stack_end=%s\n", words);
	if (fflush(stdout) != 0)
		err(2, "<stdout>: write");
	if (st == TURN_LATE && signal(SIGALRM, SIG_DFL) != SIG_ERR)
		raise(SIGALRM);
	exit(st == TURN_DONE ? status : st == TURN_NONE ? 1 : 2);
}

/* Gives up all rights but those of the user. */
static void
become(const char *user)
{
	if (user != NULL && owner_become(user) < 0)
		errx(2, "-u %s: %s", user,
		    errno == ENOENT ? "no such user or group" : strerror(errno));
}

/*
 * Opens the core that the operand names, and what is beside it.  Only age needs more rights than
 * the user's, for the key.
 */
static void
open_core(struct stored *s, struct operand *o, struct kept_sources *sources, const char *operand,
    const char *opt[128])
{
	const char *user = opt['u'];

	if (operand_open(o, operand, opt['S'] != NULL, CONF_FILE, DUMPS_DIR) < 0)
		errx(2, "%s: %s", o->shown, o->why);
	if (o->note != NULL)
		warnx("%s: %s", o->shown, o->note);
	if (kept_sources_open(sources, o, operand, opt['R'], user != NULL) < 0)
		err(2, "-R %s", opt['R']);
	if (opt['i'] == NULL)
		become(user);
	if (stored_open(s, o->fd, opt['i'], 0) != STORED_OK)
		warnx("%s: %s", o->shown, s->why);
	if (s->status == STORED_CANNOT)
		exit(2);
	if (opt['i'] != NULL)
		become(user);
}

int
main(int argc, char **argv)
{
	const char *opt[128] = { NULL };
	static struct trace_show shown;
	static struct operand o;
	static struct stored stored;
	static struct kept_sources sources;
	struct trace_finder finder = trace_instead_finder(&sources);
	enum trace_status st;
	struct trace *t;
	char *debug;
	unsigned limit;
	int status = 2;

	if (io_std() < 0)
		err(2, "/dev/null");
	io_most_files();
	read_options(argc, argv, opt);
	shown.form = opt['r'] != NULL ? TRACE_RECORD : opt['j'] != NULL ? TRACE_JSON :
	    opt['s'] != NULL ? TRACE_FINGERPRINT : TRACE_STACKS;
	shown.raw = opt['m'] != NULL;
	shown.more = opt['v'] != NULL;
	shown.width = shown.form == TRACE_STACKS ? terminal_width(STDOUT_FILENO) : 0;
	shown.most = opt['a'] != NULL ? TRACE_RECORDED_THREADS :
	    opt['r'] != NULL || opt['s'] != NULL;
	debug = opt['d'] != NULL ? search_path(opt['d']) : NULL;
	limit = seconds('t', opt['t']);
	if (opt['l'] != NULL)
		take_turn(opt, seconds('w', opt['w']), limit);
	/* Not caught: it ends the process wherever that waits. */
	alarm(limit);
	open_core(&stored, &o, &sources, argv[optind], opt);
	trace_show_recorded(&shown, o.dump);
	/* From here on it is the core's bytes that say what to do. */
	if (opt['D'] == NULL)
		option_confined(confine_without(TRACE_SHOW_REFUSED));
	if (opt['l'] != NULL)
		turn_begin();
	if (opt['D'] == NULL)
		unsetenv("DEBUGINFOD_URLS");
	servers_bound();
	/* Lines that are there when it is ended are whole. */
	setvbuf(stdout, NULL, shown.form == TRACE_RECORD ? _IOLBF : _IOFBF, TRACE_LINE);
	writer_start(&shown.out, shown.form == TRACE_JSON ? WRITER_JSON : WRITER_LINES, put, NULL);
	st = trace_open_from(&t, stored.image, opt['e'], debug,
	    opt['b'] != NULL ? TRACE_BUILD_IDS : 0, &finder);
	if (st == TRACE_OK)
		status = print_stacks(&shown, o.shown, &stored, t);
	else
		warnx("%s: %s", st == TRACE_OTHER ? opt['e'] : o.shown, trace_words(st, t));
	trace_close(t);
	kept_sources_close(&sources);
	stored_close(&stored);
	operand_close(&o);
	free(debug);
	if (fflush(stdout) != 0 || io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: write");
	return status;
}
