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
#include "base/progress.h"
#include "base/terminal.h"
#include "core/read.h"
#include "dumps/conf.h"
#include "dumps/operand.h"
#include "gzip/inflate.h"
#include "record/record.h"
#include "stack/debugger.h"
#include "stack/executable.h"
#include "store/store.h"
#include "stored/restore.h"
#include "stored/unpack.h"
#include "system/processors.h"

/* What each option says, by its letter: "" when it takes nothing, NULL when it is not given. */
static const char *opt[128];
static struct operand stored;

static int
usage(FILE *to, int status)
{
	fputs("usage: core-open [-fhnSVv] [-d DEBUGDIR] [-e ELF] [-i IDENTITY] [-x PROGRAM]\n"
	      "                 NAME | last\n", to);
	return fflush(to) == 0 ? status : 2;
}

static void
tell_lost(void *arg, const struct inflate_lost *l)
{
	char words[INFLATE_LOST_WORDS];

	(void)arg;
	warnx("%s: %s", stored.shown, inflate_lost_words(words, l));
}

/* Opens the stored file, which stays open until every process that has it has ended. */
static void
open_stored(const char *operand)
{
	char *usual = NULL;

	if (conf_dir(CONF_FILE, &usual) < 0)
		warn("%s", CONF_FILE);
	if (operand_open_dump(&stored, operand, usual != NULL ? usual : DUMPS_DIR,
	    opt['S'] != NULL) < 0)
		errx(2, "%s: %s", stored.shown, stored.why);
	if (stored.note != NULL)
		warnx("%s: %s", stored.shown, stored.note);
	free(usual);
}

static const char *
ask_identity(void)
{
	static char line[PATH_MAX];
	char question[sizeof(stored.shown) + 64];

	snprintf(question, sizeof(question), "%s: encrypted; the age identity file: ",
	    stored.shown);
	switch (terminal_ask(question, line, sizeof(line))) {
	case 0:
		return line;
	case 1:
		errx(2, "%s: encrypted with age: no identity file was named", stored.shown);
	default:
		errx(2, "%s: encrypted with age: %s", stored.shown,
		    "-i names the identity file; there is no terminal to ask at");
	}
}

/* Whether a debugger can read the stored file itself. */
static int
is_plain_core(int fd)
{
	uint8_t head[ELF_ID_KIND_LEN];
	ssize_t n = io_pread(fd, head, sizeof(head), 0);

	return n > 0 && elf_id_kind(head, (size_t)n) == ELF_ID_KIND_CORE;
}

/* Puts the core into a file that a debugger can read. */
static int
restore_core(void)
{
	int tty = isatty(STDERR_FILENO), fd;
	struct progress p;
	struct restore r = { .progress = tty ? progress_show : NULL, .progress_arg = &p,
		.lost = tell_lost, .threads = processors_usable(),
		.expected = operand_core_size(&stored) };
	enum unpack_status st;

	progress_start(&p, STDERR_FILENO);
	st = restore_open(&r, stored.fd, opt['i'], &fd);
	if (st == UNPACK_IDENTITY) {
		const char *identity = ask_identity();

		progress_start(&p, STDERR_FILENO);
		st = restore_open(&r, stored.fd, identity, &fd);
	}
	if (tty)
		fputs("\r\033[K", stderr);
	if (st != UNPACK_OK)
		warnx("%s: %s", stored.shown, r.why);
	if ((st != UNPACK_OK && st != UNPACK_DAMAGED) || (st == UNPACK_DAMAGED && r.size == 0))
		exit(2);
	if (r.secret && r.dir != NULL)
		warnx("%s: not enough memory: while it is open it is on disk, decrypted",
		    stored.shown);
	if (opt['v'] != NULL)
		warnx("%s: restored in %s: %s", stored.shown, r.dir != NULL ? r.dir : "memory",
		    progress_line(&p, r.in, r.size));
	return fd;
}

/* Reads the core, and says what it lacks. */
static void
read_core(struct core *c, struct image **i, int fd)
{
	const char *name = stored.shown;
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
	else if (n > strlen(STORE_PARTIAL) &&
	    strcmp(name + n - strlen(STORE_PARTIAL), STORE_PARTIAL) == 0)
		warnx("%s: only a part was stored", name);
	if (c->bad != NULL)
		warnx("%s: %s", name, c->bad);
}

/* The path of the executable; NULL when there is none and the debugger is to start without it. */
static const char *
find_executable(struct executable *e)
{
	const char *asked = opt['e'], *path;
	enum executable_status st = asked != NULL ? executable_check(e, asked) : executable_find(e);
	char text[RECORD_ESCAPED(PATH_MAX)];

	path = asked != NULL ? asked : st == EXECUTABLE_GONE ? e->recorded : e->path;
	record_escape(text, path, strnlen(path, PATH_MAX));
	if (st == EXECUTABLE_GONE && asked != NULL)
		errx(2, "-e %s: not an ELF file", text);
	if (st == EXECUTABLE_GONE && *text == '\0')
		record_escape(text, "the core names none", 19);
	if ((st == EXECUTABLE_OTHER || st == EXECUTABLE_GONE) && opt['f'] == NULL)
		errx(2, "%s: %s: -e names it, -f goes on", text, executable_words(st));
	if (st != EXECUTABLE_FOUND)
		warnx("%s: %s", text, executable_words(st));
	return st == EXECUTABLE_GONE ? NULL : path;
}

/* Becomes the debugger.  It keeps the stored file, and the lock with it, open until it ends. */
static void
become_debugger(const struct debugger *run, int fd)
{
	if (fcntl(stored.fd, F_SETFD, 0) == 0 && fcntl(fd, F_SETFD, 0) == 0)
		execvp(run->argv[0], (char **)(uintptr_t)run->argv);
	if (errno == ENOENT && opt['x'] == NULL)
		errx(2, "%s: not found: -x names another debugger", run->argv[0]);
	err(2, "%s", run->argv[0]);
}

/* The absolute path, since no debugger takes one for an option; NULL for NULL. */
static const char *
absolute(const char *path)
{
	const char *full = path != NULL ? realpath(path, NULL) : NULL;

	if (path != NULL && full == NULL)
		err(2, "%s", path);
	return full;
}

static void
take_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "d:e:fhi:nSVvx:")) != -1) {
		if (c == '?')
			exit(usage(stderr, 2));
		if (c == 'h')
			exit(usage(stdout, 0));
		if (c == 'V')
			exit(puts("core-open " VERSION) < 0 || fflush(stdout) != 0 ? 2 : 0);
		opt[c] = strchr("fnSv", c) != NULL ? "" : optarg;
	}
	if (argc - optind != 1)
		exit(usage(stderr, 2));
	opt['d'] = absolute(opt['d']);
	opt['e'] = absolute(opt['e']);
}

int
main(int argc, char **argv)
{
	struct executable e = { .core = NULL };
	struct core core;
	struct debugger run;
	char text[RECORD_ESCAPED(2 * PATH_MAX)];
	int fd;

	if (io_std() < 0)
		return 2;
	take_options(argc, argv);
	open_stored(argv[optind]);
	fd = stored.fd;
	if (!is_plain_core(fd) && (opt['n'] == NULL || unpack_needed(fd)))
		fd = restore_core();
	read_core(&core, &e.image, fd);
	e.core = &core;
	e.debug = opt['d'];
	e.record = stored.dump;
	debugger_command(&run, opt['x'], opt['d'], find_executable(&e), fd);
	debugger_text(&run, text, sizeof(text));
	if (opt['v'] != NULL)
		warnx("%s", text);
	if (opt['n'] == NULL)
		become_debugger(&run, fd);
	if (printf("%s\n", text) < 0 || fflush(stdout) != 0)
		err(2, "<stdout>: write");
	image_close(e.image);
	core_close(&core);
	operand_close(&stored);
	return 0;
}
