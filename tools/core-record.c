/* core-record - begin, finish and change the record of a crash */
#include <err.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "crash/answer.h"
#include "crash/change.h"
#include "crash/end.h"
#include "crash/places.h"
#include "options.h"

/* The most bytes of a record that are read from a descriptor. */
#define INPUT_MOST (16 * 1024 * 1024)

static int
usage(FILE *to, int status)
{
	fputs("usage: core-record begin [-cElp] [-b KIND] [-F PART] [-k N] [-M MODE] [-o OWNER]\n"
	      "                         [-Q FD [-q N] [-A N [-W SECONDS]]] [-s SUFFIX]\n"
	      "                         [-w SECONDS] DIR TEMPLATE [LETTERVALUE ...]\n"
	      "       core-record end [-cPp] [-i FD] [-k N] [-M MODE] [-n N] [-O OBJECT]\n"
	      "                       [-o OWNER] [-Q FD] [-s SUFFIX] [-W WHY] DIR NAME [LINE ...]\n"
	      "       core-record set [-a KEY] [-b KEY] [-d KEY] FILE [LINES ...]\n"
	      "       core-record variables\n"
	      "       core-record [-hV]\n", to);
	return fflush(to) == 0 ? status : 2;
}

/* A text that becomes a line or a part of one; what names it, otherwise stands for none. */
static const char *
line(const char *what, const char *text, const char *otherwise)
{
	if (text == NULL)
		return otherwise;
	if (*text == '\0' || strchr(text, '\n') != NULL)
		errx(2, "%s: empty, or has a newline", what);
	return text;
}

/* The same for a part of a file's name. */
static const char *
part(const char *what, const char *text, const char *otherwise)
{
	if (text != NULL && strchr(text, '/') != NULL)
		errx(2, "%s: has a slash", what);
	return line(what, text, otherwise);
}

static uint32_t
number(const char *given[128], int letter, uint32_t most, uint32_t otherwise)
{
	if (given[letter] == NULL)
		return otherwise;
	return (uint32_t)option_number(letter, given[letter], 0, most, "");
}

/* The directory as a line can show it. */
static const char *
shown(const char *dir)
{
	static char text[PATH_MAX];

	if (*dir == '\0')
		errx(2, "DIR: empty");
	answer_line(text, sizeof(text), dir);
	return text;
}

static void
close_output(void)
{
	if (fflush(stdout) != 0 || io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: write");
}

static int
begin(int argc, char **argv)
{
	const char *given[128] = { NULL };
	struct begin_options o;
	struct begun b;
	int status;

	options_take(argc, argv, "+A:b:cEF:k:lM:o:pQ:q:s:W:w:", given, usage, "core-record", NULL);
	if (argc - optind < 2 || (given['E'] && given['p']) || (given['W'] && !given['A']) ||
	    ((given['q'] || given['A']) && !given['Q']))
		return usage(stderr, 2);
	o = (struct begin_options){
		.dir = argv[optind], .shown = shown(argv[optind]), .template = argv[optind + 1],
		.suffix = part("-s", given['s'], NULL), .owner = line("-o", given['o'], ""),
		.mode = 0600, .places_fd = (int)number(given, 'Q', INT32_MAX, -1u),
		.spare = option_part('F', given['F'] != NULL ? given['F'] : "0", 0),
		.kind = begin_kind(given['b'] != NULL ? given['b'] : "identity"),
		.most = number(given, 'k', UINT32_MAX, 0),
		.seconds = number(given, 'w', UINT32_MAX, 600),
		.places = number(given, 'q', UINT32_MAX, 0),
		.turns = number(given, 'A', UINT32_MAX, 0),
		.turn_seconds = number(given, 'W', UINT32_MAX, 60),
		.small = given['c'] != NULL, .environment = given['E'] != NULL,
		.with_private = given['p'] == NULL, .honour_limit = given['l'] != NULL,
	};
	option_mode('M', given['M'], &o.mode);
	if (o.kind == BEGIN_NO_KIND)
		errx(2, "-b %s: not identity, unit, container or user", given['b']);
	/* strftime takes local time for what %s counts in. */
	if (setenv("TZ", "UTC0", 1) < 0 || begin_record(&b, &o, argv + optind + 2) < 0)
		err(2, "memory");
	answer_begun(stdout, &b);
	close_output();
	status = b.verdict == BEGIN_STORE ? 0 : b.verdict == BEGIN_FAILED ? 2 : 1;
	begun_free(&b);
	return status;
}

/* Reads all of fd, terminated; the caller frees it. */
static char *
read_all(int fd, const char *name)
{
	char *text = malloc(INPUT_MOST);
	ssize_t n = text == NULL ? -1 : io_read(fd, text, INPUT_MOST - 1);

	if (n < 0)
		err(2, "%s", name);
	text[n] = '\0';
	return text;
}

static int
end(int argc, char **argv)
{
	const char *given[128] = { NULL };
	struct end_options o;
	struct said s;
	struct ended e;
	const char *dir;
	char *text;
	int replaced;

	options_take(argc, argv, "+ci:k:M:n:O:o:PpQ:s:W:", given, usage, "core-record", NULL);
	if (argc - optind < 2)
		return usage(stderr, 2);
	dir = shown(argv[optind]);
	o = (struct end_options){
		.dir = argv[optind], .name = part("NAME", argv[optind + 1], NULL),
		.suffix = part("-s", given['s'], "gz"),
		.owner = { (uid_t)-1, (gid_t)-1, 0600 }, .small = given['c'] != NULL,
		.small_why = line("-W", given['W'], NULL),
		.object = line("-O", given['O'], NULL), .loop_count = given['k'],
		.with_private = given['p'] == NULL, .stack = given['P'] != NULL,
		.errors = (int)number(given, 'n', END_LOGGED, 3),
	};
	if (given['k'] != NULL)
		option_number('k', given['k'], 0, UINT64_MAX, "");
	option_mode('M', given['M'], &o.owner.mode);
	option_owner('o', given['o'], &o.owner.uid, &o.owner.gid);
	if (given['i'] != NULL) {
		text = read_all((int)number(given, 'i', INT32_MAX, 0), "-i");
		if (end_read_begun(&o, text) < 0)
			err(2, "memory");
		free(text);
	}
	if (said_open(&s) < 0)
		err(2, "memory");
	said_listen(&s, &o, argv + optind + 2, stdin, stdout);
	if (given['Q'] != NULL)
		places_leave((int)number(given, 'Q', INT32_MAX, 0));
	if (end_record(&e, &o, &s) < 0)
		err(2, "memory");
	answer_ended(stdout, &e, &o, dir);
	close_output();
	replaced = e.replaced;
	ended_free(&e);
	said_free(&s);
	free(o.live);
	free(o.environment);
	return replaced ? 0 : 2;
}

static int
set(int argc, char **argv)
{
	const char *before[CHANGE_KEYS] = { NULL }, *without[CHANGE_KEYS] = { NULL };
	struct change change = { .before = before, .without = without };
	char *lines;
	int c;

	while ((c = getopt(argc, argv, "+a:b:d:")) != -1) {
		if (c == '?')
			return usage(stderr, 2);
		if (c == 'a')
			change.after = optarg;
		else if (change_add_key(c == 'b' ? before : without, optarg) < 0)
			errx(2, "-%c: over %d keys", c, CHANGE_KEYS - 1);
	}
	if (argc == optind || (change.after != NULL && before[0] != NULL))
		return usage(stderr, 2);
	if ((lines = change_join(argv + optind + 1)) == NULL)
		err(2, "memory");
	if (!change_lines_ok(lines))
		errx(2, "not lines KEY=VALUE");
	change.lines = lines;
	if (change_file(argv[optind], &change) < 0)
		err(2, "%s", argv[optind]);
	free(lines);
	return 0;
}

static int
variables(int argc, char **argv)
{
	const char *given[128] = { NULL };
	char *text;

	options_take(argc, argv, "+", given, usage, "core-record", NULL);
	if (argc > optind)
		return usage(stderr, 2);
	text = read_all(STDIN_FILENO, "<stdin>");
	answer_variables(stdout, text);
	close_output();
	free(text);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} verbs[] = {
		{ "begin", begin }, { "end", end }, { "set", set }, { "variables", variables },
	};
	const char *given[128] = { NULL };

	if (io_std() < 0)
		err(2, "/dev/null");
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(*verbs); i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	options_take(argc, argv, "+hV", given, usage, "core-record", NULL);
	return usage(stderr, 2);
}
