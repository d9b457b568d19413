/* core-trace - show the stack of every thread in a core, or a fingerprint of the crashed one */
#define _XOPEN_SOURCE 700
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core.h"
#include "core_named.h"
#include "fingerprint.h"
#include "image.h"
#include "io.h"
#include "number.h"
#include "owner_linux.h"
#include "record.h"
#include "restore.h"
#include "signals.h"
#include "trace.h"
#include "trace_text.h"

struct show {
	int json, brief, record, digits;
	int damaged;			/* a program that unpacks it failed */
	const char *signal;		/* of the crashed thread, NULL when it has no name */
	size_t threads;
	struct trace_frame stack[TRACE_FRAMES];	/* of the first thread */
	size_t frames;
	int limited;			/* a stack has more frames than are shown */
	char text[TRACE_TEXT];		/* of a frame */
};

static int
usage(FILE *to, int status)
{
	fputs("usage: core-trace [-bDhjrsSV] [-d DEBUGDIR] [-e ELF] [-i IDENTITY] [-l DIR]\n"
	      "                  [-t SECONDS] [-u USER] [CORE]\n",
	    to);
	return fflush(to) == 0 ? status : 2;
}

/* Prints a string with everything escaped that a terminal, or JSON, must not get. */
static void
put(const struct show *s, const char *text)
{
	char out[RECORD_JSON(RECORD_VALUE)];
	size_t n = strnlen(text, RECORD_VALUE);

	if (s->json)
		record_json(out, text, n);
	else
		record_escape(out, text, n);
	fputs(out, stdout);
}

static void
put_key(const struct show *s, const char *key, const char *text)
{
	if (text == NULL)
		return;
	printf(", \"%s\": \"", key);
	put(s, text);
	putchar('"');
}

static void
start(void *arg, const struct trace_thread *t)
{
	struct show *s = arg;

	s->threads++;
	if (s->json)
		printf("%s{\"tid\": %" PRIu32 ", \"crashed\": %s, \"frames\": [", s->threads > 1 ? ", " : "",
		    t->tid, t->crashed ? "true" : "false");
	else if (!s->brief)
		printf("%sthread %" PRIu32 "%s%s\n", s->threads > 1 ? "\n" : "", t->tid,
		    t->crashed ? ": " : "", !t->crashed ? "" : s->signal != NULL ? s->signal : "crashed");
}

static void
frame(void *arg, const struct trace_thread *t, const struct trace_frame *f)
{
	struct show *s = arg;

	if (s->threads == 1)
		s->stack[s->frames++] = *f;
	if (s->record) {
		trace_text_line(f, t->frames, s->digits, s->text);
		printf("frame=%s\n", s->text);
	} else if (s->json) {
		trace_text_json(f, s->text);
		printf("%s%s", t->frames > 0 ? ", " : "", s->text);
	} else if (!s->brief) {
		trace_text_line(f, t->frames, s->digits, s->text);
		puts(s->text);
	}
}

static void
end(void *arg, const struct trace_thread *t)
{
	struct show *s = arg;

	s->limited |= t->frames == TRACE_FRAMES && t->end != NULL;
	if (s->record && t->end != NULL) {
		fputs("stack_end=", stdout);
		put(s, t->end);
		putchar('\n');
	} else if (s->json) {
		putchar(']');
		put_key(s, "end", t->end);
		putchar('}');
	} else if (!s->brief && t->end != NULL) {
		fputs("     ends here: ", stdout);
		put(s, t->end);
		putchar('\n');
	}
}

/* Says what of the core is not there; whether there was such. */
static int
lacks(const char *name, struct image *i, const struct core *c)
{
	uint64_t at;
	enum inflate_status st = image_end(i, &at);

	if (st != INFLATE_OK)
		warnx("%s: byte %" PRIu64 ": %s", name, at, inflate_words(st));
	if (image_size(i) < c->promised)
		warnx("%s: cut short: ends after %" PRIu64 " of %" PRIu64 " bytes", name, image_size(i), c->promised);
	if (c->bad != NULL)
		warnx("%s: %s", name, c->bad);
	/* What follows the compressed core is none of it. */
	return (st != INFLATE_OK && st != INFLATE_TRAILING) || image_size(i) < c->promised || c->bad != NULL;
}

static int
show(struct show *s, const char *name, struct image *i, struct trace *t)
{
	const struct trace_visitor v = { .start = start, .frame = frame, .end = end, .arg = s,
		.threads = s->brief ? 1 : 0 };
	struct core *c = trace_core(t);
	char text[FINGERPRINT_TEXT];
	int rc, part;

	s->signal = signal_name(c->signal);
	s->digits = c->is64 ? 16 : 8;
	if (s->json) {
		printf("{\"pid\": %" PRIu32 ", \"signal\": %" PRIu32, c->pid, c->signal);
		put_key(s, "signame", s->signal);
		put_key(s, "comm", c->has_psinfo ? c->comm : NULL);
		put_key(s, "exe", c->exe != NULL && c->exe->path[0] != '\0' ? c->exe->path : NULL);
		fputs(", \"threads\": [", stdout);
	}
	rc = trace_walk(t, &v);
	fingerprint(s->stack, s->frames, text);
	part = lacks(name, i, c) | trace_changed(t) | s->damaged;
	if (trace_changed(t))
		warnx("%s: a file of its modules was cut short meanwhile: frames and names may be missing", name);
	if (s->limited)
		warnx("%s: a stack has more than %d frames: the others are left out", name, TRACE_FRAMES);
	if (rc < 0)
		warnx("%s: threads: %s", name, trace_error());
	else if (s->threads == 0)
		warnx("%s: no threads", name);
	else if (rc > 0 && !s->brief)
		warnx("%s: more than %d threads: the others are left out", name, TRACE_THREADS);
	part |= s->limited || rc < 0 || s->threads == 0 || (rc > 0 && !s->brief);
	if (s->json)
		printf("], \"fingerprint\": \"%s\", \"complete\": %s}\n", text, part ? "false" : "true");
	else if (s->brief && text[0] != '\0')
		printf("%s%s\n", s->record ? "fingerprint=" : "", text);
	return part;
}

/* A file that libdw is to open by its name. */
static void
must_be_regular(const char *path, int folder)
{
	struct stat st;

	if (stat(path, &st) < 0)
		err(2, "%s", path);
	if (folder ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
		errx(2, "%s: not a %s", path, folder ? "directory" : "regular file");
}

int
main(int argc, char **argv)
{
	const char *executable = NULL, *debug = NULL, *user = NULL, *lock = NULL, *identity = NULL, *name;
	uint64_t seconds = 0;
	static struct show s;
	enum trace_status st;
	struct restore r = { .threads = 1 };
	enum unpack_status unpacked;
	static struct core_named n;
	struct image *i;
	struct trace *t;
	int fd, c, ask = 0, flags = 0, small = 0, status = 2;

	if (io_std() < 0)
		return 2;
	while ((c = getopt(argc, argv, "bDd:e:hi:jl:rsSt:u:V")) != -1) {
		switch (c) {
		case 'b':
			flags = TRACE_BUILD_IDS;
			break;
		case 'D':
			ask = 1;
			break;
		case 'd':
			/* The colon separates in a search path, and a first '-' or '+' means something there. */
			must_be_regular(optarg, 1);
			if ((debug = realpath(optarg, NULL)) == NULL)
				err(2, "%s", optarg);
			if (strchr(debug, ':') != NULL)
				errx(2, "-d %s: a path with a colon", optarg);
			break;
		case 'e':
			must_be_regular(executable = optarg, 0);
			break;
		case 'h':
			return usage(stdout, 0);
		case 'i':
			identity = optarg;
			break;
		case 'j':
			s.json = 1;
			break;
		case 'l':
			lock = optarg;
			break;
		case 'r':
			s.record = s.brief = 1;
			break;
		case 's':
			s.brief = 1;
			break;
		case 'S':
			small = 1;
			break;
		case 't':
			if (number_parse(optarg, 1, 86400, &seconds) < 0)
				errx(2, "-t %s: not a number of seconds from 1 to 86400", optarg);
			break;
		case 'u':
			user = optarg;
			break;
		case 'V':
			puts("core-trace " VERSION);
			return fflush(stdout) == 0 ? 0 : 2;
		default:
			return usage(stderr, 2);
		}
	}
	if (argc - optind > 1 || (s.record && s.json))
		return usage(stderr, 2);
	/* Not caught: it ends the process wherever that waits. */
	alarm((unsigned)seconds);
	if (lock != NULL && ((fd = open(lock, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 || flock(fd, LOCK_EX) < 0))
		err(2, "-l %s", lock);

	name = n.shown;
	if (core_named(&n, argv[optind], small, CONF_FILE, DUMPS_DIR) < 0)
		errx(2, "%s: %s", name, n.dump.why);
	if (n.dump.small != NULL)
		warnx("%s: %s", name, n.dump.small);
	if (isatty(fd = n.fd))
		errx(2, "%s: is a terminal: a core is not read from there", name);
	if (unpack_needed(fd) && (unpacked = restore_open(&r, fd, identity, &fd)) != UNPACK_OK) {
		warnx("%s: %s", name, r.why);
		if (unpacked != UNPACK_DAMAGED || r.size == 0)
			exit(2);
		s.damaged = 1;
	}
	if (image_open(&i, fd) < 0)
		err(2, "%s", name);
	/* From here on it is the core's bytes that say what to do. */
	if (user != NULL && owner_become(user) < 0) {
		if (errno == ENOENT)
			errx(2, "-u %s: no such user or group", user);
		err(2, "-u %s", user);
	}
	if (!ask)
		unsetenv("DEBUGINFOD_URLS");
	st = trace_open(&t, i, executable, debug, flags);
	if (st == TRACE_OK)
		status = show(&s, name, i, t);
	else
		warnx("%s: %s", st == TRACE_OTHER ? executable : name, trace_words(st, t));
	trace_close(t);
	image_close(i);
	core_named_free(&n);
	free((void *)(uintptr_t)debug);
	if (fflush(stdout) != 0 || io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: write");
	return status;
}
