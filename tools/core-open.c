/* core-open - hand a stored core and its executable to a debugger */
#define _XOPEN_SOURCE 700
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "dumps/conf.h"
#include "dumps/operand.h"
#include "kept/tree.h"
#include "lesser.h"
#include "options.h"
#include "restoring.h"
#include "record/record.h"
#include "kept/debugger.h"
#include "kept/executable.h"
#include "stored/unpack.h"

/* What each option says, by its letter: "" when it takes nothing, NULL when it is not given. */
static const char *opt[128];
static struct operand stored;
static struct lesser lesser;

static int
usage(FILE *to, int status)
{
	fputs("usage: core-open [-fhnSVv] [-d DEBUGDIR] [-e ELF] [-i IDENTITY] [-R ROOT]\n"
	      "                 [-U USER] [-x PROGRAM] NAME | last\n", to);
	return fflush(to) == 0 ? status : 2;
}

/* Whether a name without a slash, which means a stored dump, is that of a file here too. */
static int
is_file_here(const char *name)
{
	struct stat st;

	return strchr(name, '/') == NULL && stat(name, &st) == 0 && S_ISREG(st.st_mode);
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
		errx(2, "%s: %s%s%s", stored.shown, stored.why,
		    is_file_here(operand) ? ": the file here is ./" : "",
		    is_file_here(operand) ? stored.shown : "");
	if (stored.note != NULL)
		warnx("%s: %s", stored.shown, stored.note);
	free(usual);
}

/* Puts the core where the debugger can read it; a descriptor of that. */
static int
place_core(void)
{
	int fd = stored.fd;

	if (is_plain_core(fd) && (!lesser.other || lesser_can_open(&lesser, fd)))
		return fd;
	if (opt['n'] != NULL && !unpack_needed(fd))
		return fd;
	fd = restore_core(&stored, opt['i'], opt['v'] != NULL);
	if (lesser.other && fchown(fd, lesser.uid, lesser.gid) < 0)
		err(2, "%s: giving it to the debugger's user", stored.shown);
	return fd;
}

/* The path of the executable; NULL when there is none and the debugger is to start without it. */
static char *
find_executable(struct executable *e)
{
	static char found[PATH_MAX];
	const char *asked = opt['e'], *path;
	enum executable_status st = asked != NULL ? executable_check(e, asked) : executable_find(e);
	char text[RECORD_ESCAPED(PATH_MAX)];
	int sure = st == EXECUTABLE_FOUND || st == EXECUTABLE_UNSURE;

	path = asked != NULL ? asked : st == EXECUTABLE_GONE ? e->recorded : e->path;
	if (st == EXECUTABLE_CLOSED)
		path = e->closed;
	record_escape(text, path, strnlen(path, PATH_MAX));
	if ((st == EXECUTABLE_GONE || st == EXECUTABLE_CLOSED) && asked != NULL)
		errx(2, "-e %s: %s", text,
		    st == EXECUTABLE_GONE ? "not an ELF file" : executable_words(e, st));
	if (st == EXECUTABLE_GONE && *text == '\0')
		record_escape(text, "the core names none", 19);
	/* A core may name any file: none of root's goes to another user because of that. */
	if (st == EXECUTABLE_UNSURE && asked == NULL && lesser.other)
		sure = debugger_can_read(path, lesser.uid, found);
	if (!sure && opt['f'] == NULL)
		errx(2, "%s: %s: -e names it, -f goes on", text, executable_words(e, st));
	if (st != EXECUTABLE_FOUND)
		warnx("%s: %s", text, executable_words(e, st));
	snprintf(found, sizeof(found), "%s", path);
	return st == EXECUTABLE_GONE || st == EXECUTABLE_CLOSED ? NULL : found;
}

static void
tell_module(void *arg, const struct core_file *file, const struct kept_found *f)
{
	static char before[2 * PATH_MAX];
	const char *path = f->other ? file->path : f->unopened;
	char text[RECORD_ESCAPED(PATH_MAX)];

	(void)arg;
	/* The directory of the kept files may be closed, for all of them. */
	if (strcmp(before, path) == 0)
		return;
	snprintf(before, sizeof(before), "%s", path);
	record_escape(text, path, strnlen(path, PATH_MAX));
	if (f->other)
		warnx("%s: another build than the process had: left out", text);
	else
		warnx("%s: %s", text, f->why == EINVAL ? "not a regular file" : strerror(f->why));
}

/* Makes the debugger's tree of links to the files of the modules, where it needs one. */
static void
make_tree(struct kept_tree *tree, struct executable *e, char *path)
{
	char real[PATH_MAX];
	int copied = 0;

	if (lesser.other && path != NULL) {
		copied = !debugger_can_read(path, lesser.uid, real);
		if (!copied)
			strcpy(path, real);
	}
	if (opt['n'] != NULL) {
		strcpy(tree->dir, tree->needed ? "TREE" : "");
		if (copied)
			kept_tree_executable(tree, path);
	} else if (tree->needed) {
		if (kept_tree_make(tree, e->core, e->image, copied ? e->fd : -1, path) < 0)
			err(2, "links to the files of its modules");
		if (setenv("CORE_OPEN_TREE", tree->dir, 1) < 0)
			err(2, "CORE_OPEN_TREE");
	}
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
	options_take(argc, argv, "d:e:fhi:nR:SU:Vvx:", opt, usage, "core-open", NULL);
	if (argc - optind != 1)
		exit(usage(stderr, 2));
	opt['d'] = absolute(opt['d']);
	opt['e'] = absolute(opt['e']);
}

int
main(int argc, char **argv)
{
	static struct kept_sources sources;
	static struct kept_tree tree;
	struct executable e = { .sources = &sources, .fd = -1 };
	char *path, text[LESSER_TEXT + RECORD_ESCAPED(2 * PATH_MAX)];
	struct core core;
	struct debugger run;
	size_t before;
	int fd;

	if (io_std() < 0)
		err(2, "/dev/null");
	take_options(argc, argv);
	lesser = lesser_choose(opt['U']);
	/* A file that is to be copied stays open until then. */
	if (lesser.other)
		io_most_files();
	open_stored(argv[optind]);
	fd = place_core();
	read_core(&core, &e.image, fd, stored.shown);
	e.core = &core;
	e.debug = opt['d'];
	e.record = stored.dump;
	if (kept_sources_open(&sources, &stored, argv[optind], opt['R'], 0) < 0)
		err(2, "-R %s", opt['R']);
	path = find_executable(&e);
	tree.other = lesser.other;
	tree.user = lesser.uid;
	if (kept_tree_find(&tree, &sources, &core, e.image, tell_module, NULL) < 0)
		err(2, "%s", stored.shown);
	kept_sources_close(&sources);
	/* All is open: what remains needs no rights of root. */
	if (lesser.other && opt['n'] == NULL)
		lesser_become(&lesser);
	make_tree(&tree, &e, path);
	debugger_command(&run, opt['x'], opt['d'], &tree, path, fd);
	before = lesser_text(&lesser, text);
	debugger_text(&run, text + before, sizeof(text) - before);
	if (opt['v'] != NULL)
		warnx("%s", text);
	if (opt['n'] == NULL) {
		if (lesser.other)
			lesser_confine(&run, &tree, opt['d']);
		become_debugger(&run, fd);
	}
	if (printf("%s\n", text) < 0 || fflush(stdout) != 0)
		err(2, "<stdout>: write");
	kept_tree_forget(&tree);
	image_close(e.image);
	core_close(&core);
	operand_close(&stored);
	return 0;
}
