#include "trim/tap.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "confine/confine.h"
#include "core/read.h"
#include "proc/errand.h"
#include "proc/maps.h"
#include "system/end_input.h"
#include "trim/stream.h"

/* Where the small core of a stream comes from. */
enum small {
	SMALL_FROM_STREAM,	/* it is still to be made, of what is put aside */
	SMALL_FROM_PROCESS,	/* it has been made */
	SMALL_NONE
};

static void
say(const struct trim_tap *p, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	p->say(error, format, args);
	va_end(args);
}

/* Says why there is no small core; error is the errno of TRIM_SYSTEM. */
static void
say_cannot(const struct trim_tap *p, enum trim_status st, int error, const struct core *c,
    const char *name)
{
	if (st == TRIM_SYSTEM)
		say(p, error, "%s", name);
	else if (st == TRIM_NO_CORE && c->bad != NULL)
		say(p, 0, "%s: %s", name, c->bad);
	else
		say(p, 0, "%s: %s", name, trim_words(st));
}

/* Says what is missing in a small core. */
static void
say_missing(const struct trim_tap *p, int full, size_t unknown_symbols, size_t unknown_symbol)
{
	if (full)
		say(p, 0, "more memory is asked for than is kept: "
		    "what is of less worth is left out");
	if (unknown_symbols > 0)
		say(p, 0, "-x %s: not found%s", p->options.symbol[unknown_symbol],
		    unknown_symbols > 1 ? ", nor others" : "");
}

static int
open_small(const struct trim_tap *p, struct output *w)
{
	*w = p->small;
	if (output_open(w) == 0)
		return 0;
	say(p, errno, "%s", output_name(w));
	return -1;
}

/* Ends the small core's output.  Returns 0, or -1 when there is no small core. */
static int
close_small(const struct trim_tap *p, struct output *w, int whole)
{
	int status;

	if (output_close(w, whole, &status) == 0)
		return whole ? 0 : -1;
	if (status == 0)
		say(p, errno, "%s: write", output_name(w));
	else if (WIFSIGNALED(status))
		say(p, 0, "%s: killed by signal %d", output_name(w), WTERMSIG(status));
	else
		say(p, 0, "%s: exit status %d", output_name(w), WEXITSTATUS(status));
	return -1;
}

/* Makes the small core of t.  Returns 0, or -1 when there is none. */
static int
make_small(const struct trim_tap *p, struct trim *t, const char *name)
{
	enum trim_status st = trim_plan(t);
	struct output w;
	int done, error;

	if (st != TRIM_OK) {
		say_cannot(p, st, errno, t->core, name);
		return -1;
	}
	if (open_small(p, &w) < 0)
		return -1;
	say_missing(p, t->full, t->unknown_symbols, t->unknown_symbol);
	done = trim_write(t, w.fd) == 0;
	if (!done)
		say(p, errno, "%s: write", output_name(&w));
	/* Memory that could not be read is missing in it. */
	if (done && (error = image_failed(t->head)) != 0) {
		say(p, error, "%s: read", name);
		done = 0;
	}
	return close_small(p, &w, done);
}

int
trim_tap_image(const struct trim_tap *p, struct image *i, const char *name)
{
	struct trim t = { .head = i, .options = &p->options, .memory = trim_memory_image(i) };
	struct core c;
	uint64_t size;
	int status = 2;

	core_open(&c);
	t.core = &c;
	if (core_read_image(&c, i, &size) < 0)
		say(p, errno, "%s", name);
	else if (make_small(p, &t, name) == 0)
		status = 0;
	trim_close(&t);
	core_close(&c);
	return status;
}

/* Whether the whole core is passed on. */
static int
is_tap(const struct trim_tap *p)
{
	return p->small.command.argv != NULL || p->small.file != NULL;
}

/* Makes the small core of the process's memory, or says that the stream's memory must do. */
static enum small
from_process(struct trim_tap *p, const struct trim_stream *s)
{
	struct trim_process *of = &p->process;
	struct output w;
	int done;

	if (open_small(p, &w) < 0)
		return SMALL_NONE;
	done = trim_process_write(of, &s->core, s->head, &p->options, w.fd) == 0;
	say_missing(p, of->full, of->unknown_symbols, of->unknown_symbol);
	if (!done)
		say_cannot(p, of->status, of->error, &s->core, of->name);
	if (close_small(p, &w, done) == 0)
		return SMALL_FROM_PROCESS;
	/*
	 * The stream has the core's own faults too, and an output that refused once will not take
	 * another try.
	 */
	if (done || of->status != TRIM_SYSTEM || of->refused)
		return SMALL_NONE;
	/* Bytes on standard output cannot be taken back. */
	return is_tap(p) || !of->begun ? SMALL_FROM_STREAM : SMALL_NONE;
}

/* Reads the head of the core, and makes the small core of the process, if there is one. */
static enum small
from_head(struct trim_tap *p, struct trim_stream *s)
{
	enum trim_status st = trim_stream_head(s, is_tap(p) && p->process.pid != 0);

	if (st != TRIM_OK) {
		say_cannot(p, st, s->error, &s->core, "<stdin>");
		return SMALL_NONE;
	}
	return p->process.pid != 0 ? from_process(p, s) : SMALL_FROM_STREAM;
}

/* Makes the small core of what t has put aside of the stream. */
static enum small
from_stream(const struct trim_tap *p, const struct trim_stream *s, struct trim *t,
    enum trim_status st)
{
	if (st == TRIM_OK)
		return make_small(p, t, "<stdin>") == 0 ? SMALL_FROM_STREAM : SMALL_NONE;
	say_cannot(p, st, s->error, &s->core, "<stdin>");
	return SMALL_NONE;
}

/*
 * Passes the whole core on to out, unless that is -1, and closes out; puts memory aside for t,
 * unless that is NULL.  Returns the exit status.
 */
static int
pass(const struct trim_tap *p, struct trim_stream *s, struct trim *t, int out, enum trim_status *st)
{
	int rc = t != NULL ? trim_stream_select(s, t, out, st) : trim_stream_pass(s, out);
	int told = end_input_told(), status = rc != 0 || told != 0 ? 2 : 0;

	if (rc != 0)
		say(p, errno, rc == CORE_READ_IN ? "<stdin>" : "<stdout>: write");
	else if (told != 0)
		say(p, 0, "<stdin>: ended by signal %d (%s)", told, strsignal(told));
	if (out >= 0 && io_close(out) < 0 && status == 0) {
		say(p, errno, "<stdout>: close");
		status = 2;
	}
	return status;
}

/* Waits for the command that got the whole core.  Returns its exit status. */
static int
end_whole(const struct trim_tap *p, struct command *whole)
{
	int ended = command_end(whole), status = WIFEXITED(ended) ? WEXITSTATUS(ended) : 2;

	if (status == TRIM_TAP_NOT_STARTED)
		say(p, 0, "%s: exit status %d", p->whole[0], status);
	return status;
}

/* Where commands are started for us, or NULL. */
static struct command_hold *
apart(struct trim_tap *p)
{
	return p->hold.shared != NULL ? &p->hold : NULL;
}

/*
 * Passes the whole core on, then makes the small core, if the stream's memory is to be taken.
 * Returns the exit status.
 */
static int
pass_and_make(struct trim_tap *p, struct trim_stream *s, struct trim *t, enum small small)
{
	struct command whole = { .argv = p->whole, .hold = apart(p) };
	enum trim_status st = TRIM_OK;
	int out, status = 0;

	if (s->touched != NULL)
		*s->touched = 1;
	if (p->whole != NULL && command_start(&whole) < 0) {
		say(p, errno, "%s", p->whole[0]);
		return 2;
	}
	if (whole.hold == NULL)
		end_input_tell(whole.pid, 0);
	out = p->whole != NULL ? whole.fd : p->small.file != NULL ? STDOUT_FILENO : -1;
	if (small == SMALL_FROM_STREAM)
		status = pass(p, s, t, out, &st);
	else if (out >= 0)
		status = pass(p, s, NULL, out, &st);
	/* Neither the kernel nor the reader of the whole core waits for the small one. */
	whole.fd = -1;
	command_close_input(&p->hold);
	if (small == SMALL_FROM_STREAM)
		small = status == 0 ? from_stream(p, s, t, st) : SMALL_NONE;
	if (p->whole != NULL)
		status = end_whole(p, &whole);
	return is_tap(p) || (small != SMALL_NONE && status == 0) ? status : 2;
}

int
trim_tap_become_whole(const struct trim_tap *p)
{
	command_become(p->whole);
	say(p, errno, "%s", p->whole[0]);
	return TRIM_TAP_NOT_STARTED;
}

/* The parent of trim_tap_apart, if we are its child, becomes the command for the whole core. */
static int
leave_whole(const struct trim_tap *p)
{
	return p->hold.shared != NULL ? 0 : trim_tap_become_whole(p);
}

static void
ask_files(void *arg, struct core_files *f)
{
	const struct trim_process *p = arg;

	if (p->held == TRIM_HELD)
		proc_files(f, p->pid, -1, -1, 0);
	else if (p->held == TRIM_NOT_HELD)
		proc_files(f, p->pid, p->pidfd, p->dumped, p->uid);
}

/*
 * Where all that is needed can be opened before, or by another process: what the process chose is
 * read by nobody.
 */
static void
confine(struct trim_tap *p)
{
	int rc;

	if (p->process.pid != 0)
		trim_process_hold(&p->process);
	if (errand_start() < 0)
		say(p, errno, "files cannot be opened");
	if ((rc = confine_to(TRIM_TAP_CALLS)) > 0)
		say(p, 0, "not confined: GZCORE_CONFINE=no");
	else if (rc < 0)
		say(p, errno, "not confined");
}

int
trim_tap_pipe(struct trim_tap *p)
{
	struct trim t = { .options = &p->options };
	struct trim_stream s;
	enum small small;
	int status;

	if (is_tap(p) && p->whole == NULL && end_input_heed() < 0) {
		say(p, errno, "/dev/null");
		return 2;
	}
	/* With commands, trim_tap_apart has done it; with a file beside, its directory is needed. */
	if (p->hold.shared == NULL && !is_tap(p) && p->whole == NULL)
		confine(p);
	trim_stream_init(&s, STDIN_FILENO);
	if (p->hold.shared != NULL)
		s.touched = &p->hold.shared->touched;
	if (p->process.pid != 0) {
		s.core.ask_files = ask_files;
		s.core.ask_arg = &p->process;
	}
	small = from_head(p, &s);
	/* The command can read the whole core itself when nobody else needs it. */
	if (small != SMALL_FROM_STREAM && p->whole != NULL && trim_stream_untouched(&s))
		status = leave_whole(p);
	else
		status = pass_and_make(p, &s, &t, small);
	trim_close(&t);
	trim_stream_close(&s);
	return status;
}

int
trim_tap_apart(struct trim_tap *p)
{
	int status;

	if (end_input_heed() < 0) {
		say(p, errno, "/dev/null");
		return trim_tap_become_whole(p);
	}
	p->hold.argv[0] = p->small.command.argv;
	p->hold.argv[1] = p->whole;
	switch (command_apart(&p->hold, &status)) {
	case 0:
		p->small.command.hold = &p->hold;
		confine(p);
		return trim_tap_pipe(p);
	case -1:
		say(p, errno, "no small core");
		return trim_tap_become_whole(p);
	}
	if (WIFSIGNALED(status))
		say(p, 0, "<stdin>: the small core: killed by signal %d", WTERMSIG(status));
	if (!p->hold.shared->touched)
		return trim_tap_become_whole(p);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
