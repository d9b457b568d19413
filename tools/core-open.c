/* core-open - hand a stored core and its executable to a debugger */
#define _XOPEN_SOURCE 700
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/number.h"
#include "base/progress.h"
#include "base/terminal.h"
#include "core/read.h"
#include "dumps/conf.h"
#include "dumps/named.h"
#include "gzip/inflate.h"
#include "record/record.h"
#include "stack/debugger.h"
#include "stack/executable.h"
#include "store/store.h"
#include "stored/restore.h"
#include "stored/unpack.h"
#include "system/processors.h"

/* A small core's file is less than this, bytes; the core in it is about so many times as large. */
#define SMALL (16u * 1024 * 1024)
#define SMALL_BECOMES 64

struct options {
	const char *debug, *executable, *identity, *program;
	int force, only_say, show, small;
};

/* The stored file, printable, for messages. */
static char name[RECORD_ESCAPED(PATH_MAX)];

static int
usage(FILE *to, int status)
{
	fputs("usage: core-open [-fhnSVv] [-d DEBUGDIR] [-e ELF] [-i IDENTITY] [-x PROGRAM]\n"
	      "                 NAME | last\n",
	    to);
	return fflush(to) == 0 ? status : 2;
}

static void
lost(void *arg, const struct inflate_lost *l)
{
	char words[INFLATE_LOST_WORDS];

	(void)arg;
	warnx("%s: %s", name, inflate_lost_words(words, l));
}

/* Opens the stored file, which is ours until whoever has it open has ended. */
static void
open_stored(struct dumps_named *d, const char *operand, int small)
{
	const char *path;
	char *usual = NULL;
	int rc;

	if (conf_dir(CONF_FILE, &usual) < 0)
		warn("%s", CONF_FILE);
	rc = dumps_named(d, operand, usual != NULL ? usual : DUMPS_DIR, small);
	path = d->file[0] != '\0' ? d->file : operand;
	record_escape(name, path, strnlen(path, PATH_MAX));
	if (rc < 0)
		errx(2, "%s: %s", name, d->why);
	if (d->small != NULL)
		warnx("%s: %s", name, d->small);
	free(usual);
}

static const char *
ask_identity(void)
{
	static char line[PATH_MAX];
	char question[sizeof(name) + 64];

	snprintf(question, sizeof(question), "%s: encrypted; the age identity file: ", name);
	switch (terminal_ask(question, line, sizeof(line))) {
	case 0:
		return line;
	case 1:
		errx(2, "%s: encrypted with age: no identity file was named", name);
	default:
		errx(2, "%s: encrypted with age: -i names the identity file; there is no terminal to ask at", name);
	}
}

/* The core as a file that a debugger can read: what is stored, when it is a plain core, else a copy. */
static int
prepare(const struct dumps_named *d, const struct options *o)
{
	int tty = isatty(STDERR_FILENO), fd;
	struct progress p;
	struct restore r = { .progress = tty ? progress_show : NULL, .progress_arg = &p, .lost = lost,
		.threads = processors_usable() };
	uint8_t head[ELF_ID_KIND_LEN];
	ssize_t n = io_pread(d->fd, head, sizeof(head), 0);
	enum unpack_status st;

	if ((n > 0 && elf_id_kind(head, (size_t)n) == ELF_ID_KIND_CORE) || (o->only_say && !unpack_needed(d->fd)))
		return d->fd;
	/* What the record says is believed as far as it is true.  A small core is small, however well it is compressed. */
	if (d->is_small)
		r.expected = d->dump->small_size < SMALL ? SMALL_BECOMES * d->dump->small_size : 0;
	else if (d->dump == NULL || number_parse(d->dump->bytes, 1, INT64_MAX, &r.expected) < 0)
		r.expected = 0;
	progress_start(&p, STDERR_FILENO);
	st = restore_open(&r, d->fd, o->identity, &fd);
	if (st == UNPACK_IDENTITY) {
		const char *identity = ask_identity();

		progress_start(&p, STDERR_FILENO);
		st = restore_open(&r, d->fd, identity, &fd);
	}
	if (tty)
		fputs("\r\033[K", stderr);
	if (st != UNPACK_OK)
		warnx("%s: %s", name, r.why);
	if ((st != UNPACK_OK && st != UNPACK_DAMAGED) || (st == UNPACK_DAMAGED && r.size == 0))
		exit(2);
	if (r.secret && r.dir != NULL)
		warnx("%s: not enough memory: while it is open it is on disk, decrypted", name);
	if (o->show)
		warnx("%s: restored in %s: %s", name, r.dir != NULL ? r.dir : "memory", progress_line(&p, r.in, r.size));
	return fd;
}

/* Reads the core, and says what it lacks. */
static void
read_core(struct core *c, struct image **i, int fd)
{
	size_t n = strlen(name);
	uint64_t size, at;

	if (image_open(i, fd) < 0)
		err(2, "%s", name);
	core_open(c);
	if (core_read_image(c, *i, &size) < 0)
		err(2, "%s", name);
	if (!c->is_core)
		errx(2, "%s: %s", name, c->bad);
	if (image_end(*i, &at) != INFLATE_OK)
		warnx("%s: byte %" PRIu64 ": %s", name, at, inflate_words(image_end(*i, &at)));
	if (size < c->promised)
		warnx("%s: cut short: %" PRIu64 " of %" PRIu64 " bytes", name, size, c->promised);
	else if (n > strlen(STORE_PARTIAL) && strcmp(name + n - strlen(STORE_PARTIAL), STORE_PARTIAL) == 0)
		warnx("%s: only a part was stored", name);
	if (c->bad != NULL)
		warnx("%s: %s", name, c->bad);
}

/* The path of the executable; NULL when there is none and it is to go on. */
static const char *
find(struct executable *e, const struct options *o)
{
	enum executable_status st = o->executable != NULL ? executable_check(e, o->executable) : executable_find(e);
	const char *path = o->executable != NULL ? o->executable : st == EXECUTABLE_GONE ? e->recorded : e->path;
	char text[RECORD_ESCAPED(PATH_MAX)];

	record_escape(text, path, strnlen(path, PATH_MAX));
	if (st == EXECUTABLE_GONE && o->executable != NULL)
		errx(2, "-e %s: not an ELF file", text);
	if (st == EXECUTABLE_GONE && *text == '\0')
		record_escape(text, "the core names none", 19);
	if ((st == EXECUTABLE_OTHER || st == EXECUTABLE_GONE) && !o->force)
		errx(2, "%s: %s: -e names it, -f goes on", text, executable_words(st));
	if (st != EXECUTABLE_FOUND)
		warnx("%s: %s", text, executable_words(st));
	return st == EXECUTABLE_GONE ? NULL : path;
}

int
main(int argc, char **argv)
{
	static struct options o;
	struct executable e = { .core = NULL };
	struct dumps_named d;
	struct core core;
	struct debugger run;
	char text[RECORD_ESCAPED(2 * PATH_MAX)];
	const char *path;
	int fd, c;

	if (io_std() < 0)
		return 2;
	while ((c = getopt(argc, argv, "d:e:fhi:nSVvx:")) != -1) {
		switch (c) {
		case 'd':
			o.debug = optarg;
			break;
		case 'e':
			o.executable = optarg;
			break;
		case 'f':
			o.force = 1;
			break;
		case 'h':
			return usage(stdout, 0);
		case 'i':
			o.identity = optarg;
			break;
		case 'n':
			o.only_say = 1;
			break;
		case 'S':
			o.small = 1;
			break;
		case 'V':
			puts("core-open " VERSION);
			return fflush(stdout) == 0 ? 0 : 2;
		case 'v':
			o.show = 1;
			break;
		case 'x':
			o.program = optarg;
			break;
		default:
			return usage(stderr, 2);
		}
	}
	if (argc - optind != 1)
		return usage(stderr, 2);
	/* No debugger takes an absolute path for an option. */
	if ((o.executable != NULL && (o.executable = realpath(path = o.executable, NULL)) == NULL) ||
	    (o.debug != NULL && (o.debug = realpath(path = o.debug, NULL)) == NULL))
		err(2, "%s", path);
	open_stored(&d, argv[optind], o.small);
	fd = prepare(&d, &o);
	read_core(&core, &e.image, fd);
	e.core = &core;
	e.debug = o.debug;
	e.record = d.dump;
	path = find(&e, &o);
	debugger_command(&run, o.program, o.debug, path, fd);
	debugger_text(&run, text, sizeof(text));
	if (o.show)
		warnx("%s", text);
	if (o.only_say) {
		if (printf("%s\n", text) < 0 || fflush(stdout) != 0)
			err(2, "<stdout>: write");
	} else {
		/* The file, and the lock with it, are the debugger's from here on: they go when that does. */
		if (fcntl(d.fd, F_SETFD, 0) == 0 && fcntl(fd, F_SETFD, 0) == 0)
			execvp(run.argv[0], (char **)(uintptr_t)run.argv);
		if (errno == ENOENT && o.program == NULL)
			errx(2, "%s: not found: -x names another debugger", run.argv[0]);
		err(2, "%s", run.argv[0]);
	}
	image_close(e.image);
	core_close(&core);
	dumps_named_free(&d);
	return 0;
}
