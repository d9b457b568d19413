/* core-record - begin, finish and change the record of a crash */
#include <ctype.h>
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/number.h"
#include "crash/begin.h"
#include "crash/change.h"
#include "crash/end.h"
#include "record/text.h"
#include "system/owner.h"

/* The longest line of the stages that is read as one, bytes; core-info's longest have 20 kB. */
#define LINE_MOST (64 * 1024)
/* The most keys of an option that may come again. */
#define KEYS_MOST 16
/* The most bytes of a record that are read from a descriptor. */
#define INPUT_MOST (16 * 1024 * 1024)

static int
usage(FILE *to, int status)
{
	fputs("usage: core-record begin [-cElp] [-b KIND] [-F BYTES] [-k N] [-M MODE] [-o OWNER] [-s SUFFIX]\n"
	      "                         [-w SECONDS] DIR TEMPLATE [LETTERVALUE ...]\n"
	      "       core-record end [-cPp] [-i FD] [-k N] [-M MODE] [-n N] [-O OBJECT] [-o OWNER]\n"
	      "                       [-s SUFFIX] [-W WHY] DIR NAME [LINE ...]\n"
	      "       core-record set [-a KEY] [-b KEY] [-d KEY] FILE [LINES ...]\n"
	      "       core-record variables\n"
	      "       core-record [-hV]\n", to);
	return fflush(to) == 0 ? status : 2;
}

static uint64_t
number(int letter, uint64_t most)
{
	uint64_t n;

	if (number_parse(optarg, 0, most, &n) < 0)
		errx(2, "-%c %s: not a number up to %" PRIu64, letter, optarg, most);
	return n;
}

static mode_t
mode(void)
{
	mode_t m;

	if (owner_mode(optarg, &m) < 0)
		errx(2, "-M %s: not an octal mode up to 777", optarg);
	return m;
}

/* Ends the program unless text is one line; an empty one is a key's value, and no name. */
static const char *
line(const char *what, const char *text)
{
	if (*text == '\0' || strchr(text, '\n') != NULL)
		errx(2, "%s: empty, or has a newline", what);
	return text;
}

/* The directory as a line can show it: it may have a newline. */
static const char *
shown(const char *dir)
{
	char *text = strdup(dir);

	if (text == NULL)
		err(2, "memory");
	for (char *p = text; (p = strchr(p, '\n')) != NULL;)
		*p = '?';
	return text;
}

static const char *
directory(const char *text)
{
	if (*text == '\0')
		errx(2, "DIR: empty");
	return text;
}

/* The suffix, or the name of a record, which become parts of a file's name. */
static const char *
part(const char *what, const char *text)
{
	if (strchr(text, '/') != NULL)
		errx(2, "%s: has a slash", what);
	return line(what, text);
}

static void
close_output(void)
{
	if (fflush(stdout) != 0 || io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: write");
}

static enum begin_kind
kind(void)
{
	static const char *const names[] = { [BEGIN_IDENTITY] = "identity", [BEGIN_UNIT] = "unit",
		[BEGIN_CONTAINER] = "container", [BEGIN_USER] = "user" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(optarg, names[i]) == 0)
			return (enum begin_kind)i;
	errx(2, "-b %s: not identity, unit, container or user", optarg);
}

static void
print_begun(const struct begun *b)
{
	static const char *const verdicts[] = { [BEGIN_STORE] = "store", [BEGIN_ALONE] = "alone",
		[BEGIN_LIMIT] = "limit", [BEGIN_ROOM] = "room", [BEGIN_FAILED] = "failed" };
	const struct kernel_words *w = &b->words;

	printf("verdict=%s\nname=%s\nown=%s\nmode=0%o\nheir=%s\n", verdicts[b->verdict], b->name, b->owner,
	    (unsigned)b->mode, b->heir);
	printf("pid=%s\ntid=%s\nuid=%s\ngid=%s\nsignal=%s\nlimit=%s\ndumpable=%s\nepoch=%s\n", w->pid, w->tid, w->uid,
	    w->gid, w->signal, w->limit, w->dumpable, w->epoch);
	if (*w->pid != '\0' && *w->pidfd != '\0')
		printf("ask=-p %s -P %s\n", w->pid, w->pidfd);
	else if (*w->pid != '\0' && *w->uid != '\0')
		printf("ask=-p %s -C %s\n", w->pid, w->uid);
	else
		puts("ask=");
	if (b->beyond > 0)
		printf("loop_count=%" PRIu64 "\n", b->beyond);
	else
		puts("loop_count=");
	printf("kind=%s\n%s\n%s\n%s", b->kind, b->log, b->record, b->facts.environment);
}

static int
begin(int argc, char **argv)
{
	struct begin_options o = { .owner = "", .mode = 0600, .seconds = 600, .with_private = 1 };
	struct begun b;
	int c;

	while ((c = getopt(argc, argv, "+b:cEF:k:lM:o:ps:w:")) != -1) {
		switch (c) {
		case 'b':
			o.kind = kind();
			break;
		case 'c':
			o.small = 1;
			break;
		case 'E':
			o.environment = 1;
			break;
		case 'F':
			if (number_size(optarg, 0, INT64_MAX, &o.spare) < 0)
				errx(2, "-F %s: not a size in bytes, such as 512, 64K or 8M", optarg);
			break;
		case 'k':
			o.most = (uint32_t)number(c, UINT32_MAX);
			break;
		case 'l':
			o.honour_limit = 1;
			break;
		case 'M':
			o.mode = mode();
			break;
		case 'o':
			o.owner = line("-o", optarg);
			break;
		case 'p':
			o.with_private = 0;
			break;
		case 's':
			o.suffix = part("-s", optarg);
			break;
		case 'w':
			o.seconds = (uint32_t)number(c, UINT32_MAX);
			break;
		default:
			return usage(stderr, 2);
		}
	}
	if (argc - optind < 2 || (o.environment && !o.with_private))
		return usage(stderr, 2);
	o.dir = directory(argv[optind]);
	o.shown = shown(o.dir);
	o.template = argv[optind + 1];
	/* strftime takes local time for what %s counts in. */
	if (setenv("TZ", "UTC0", 1) < 0 || begin_record(&b, &o, argv + optind + 2) < 0)
		err(2, "memory");
	print_begun(&b);
	close_output();
	c = b.verdict == BEGIN_STORE ? 0 : b.verdict == BEGIN_FAILED ? 2 : 1;
	begun_free(&b);
	return c;
}

/* Reads what begin printed of the record: its lines, and behind an empty line those of the environment. */
static void
read_begun(int fd, struct end_options *o)
{
	char *text = malloc(INPUT_MOST);
	ssize_t n = text == NULL ? -1 : io_read(fd, text, INPUT_MOST - 1);

	if (n < 0)
		err(2, "-i %d", fd);
	text[n] = '\0';
	if (end_read_begun(o, text) < 0)
		err(2, "memory");
	free(text);
}

/* Reads a line without its newline, the start of a longer one; whether there was one. */
static int
read_line(char *text)
{
	size_t n = 0;
	int c;

	while ((c = getc(stdin)) != EOF && c != '\n')
		if (n + 1 < LINE_MOST)
			text[n++] = c != '\0' ? (char)c : '?';
	text[n] = '\0';
	return c != EOF || n > 0;
}

static void
take(struct said *s, const struct end_options *o, const char *text)
{
	const char *log = said_take(s, o, text);

	if (log != NULL) {
		printf("log=%s\n", log);
		/* The log is to have it when it is said, not in the end. */
		fflush(stdout);
	}
}

/* Takes the lines that were read already, and those on standard input up to a status. */
static void
listen(struct said *s, const struct end_options *o, char **lines)
{
	static char text[LINE_MOST];

	for (; *lines != NULL; lines++)
		take(s, o, *lines);
	while (s->status < 0 && read_line(text))
		take(s, o, text);
	if (s->left_out > 0)
		printf("log=... and %lu lines more\n", s->left_out);
}

static void
print_ended(const struct ended *e, const struct end_options *o, const struct said *s)
{
	const char *dir = shown(o->dir);
	char path[PATH_MAX] = "", small[PATH_MAX] = "";

	if (!e->replaced)
		printf("log=%s/%s.txt: %s\n", dir, o->name, strerror(e->error));
	if (e->file != NULL)
		record_file_path(path, dir, e->file);
	if (e->small_file != NULL)
		record_file_path(small, dir, e->small_file);
	printf("status=%d\nstored=%s\ncomplete=%s\nbytes=%s\nfile=%s\nsmall_file=%s\npending=%s\nobject_whole=%s\n\n%s",
	    e->status, e->stored, e->complete ? "yes" : "no", e->bytes, path, small, e->pending ? "yes" : "",
	    o->object == NULL ? "" : s->status == 0 ? "yes" : "no", e->lines);
}

static int
end(int argc, char **argv)
{
	struct end_options o = { .suffix = "gz", .with_private = 1, .errors = 3,
		.owner = { (uid_t)-1, (gid_t)-1, 0600 } };
	struct said s;
	struct ended e;
	int c, replaced;

	while ((c = getopt(argc, argv, "+ci:k:M:n:O:o:Pps:W:")) != -1) {
		switch (c) {
		case 'c':
			o.small = 1;
			break;
		case 'i':
			read_begun((int)number(c, INT32_MAX), &o);
			break;
		case 'k':
			number(c, UINT64_MAX);
			o.loop_count = optarg;
			break;
		case 'M':
			o.owner.mode = mode();
			break;
		case 'n':
			o.errors = (int)number(c, END_LOGGED);
			break;
		case 'O':
			o.object = line("-O", optarg);
			break;
		case 'o':
			if (owner_parse(optarg, &o.owner.uid, &o.owner.gid) < 0)
				errx(2, "-o %s: no such user or group", optarg);
			break;
		case 'P':
			o.stack = 1;
			break;
		case 'p':
			o.with_private = 0;
			break;
		case 's':
			o.suffix = part("-s", optarg);
			break;
		case 'W':
			o.small_why = line("-W", optarg);
			break;
		default:
			return usage(stderr, 2);
		}
	}
	if (argc - optind < 2)
		return usage(stderr, 2);
	o.dir = directory(argv[optind]);
	o.name = part("NAME", argv[optind + 1]);
	if (said_open(&s) < 0)
		err(2, "memory");
	listen(&s, &o, argv + optind + 2);
	if (end_record(&e, &o, &s) < 0)
		err(2, "memory");
	print_ended(&e, &o, &s);
	close_output();
	replaced = e.replaced;
	ended_free(&e);
	said_free(&s);
	return replaced ? 0 : 2;
}

static void
keep_key(const char **keys, size_t *n)
{
	if (*n + 1 == KEYS_MOST)
		errx(2, "over %d keys", KEYS_MOST - 1);
	keys[(*n)++] = optarg;
}

/* Joins the lines of the operands, each with a newline. */
static char *
join(char **lines)
{
	size_t size = 1;
	char *text;

	for (char **p = lines; *p != NULL; p++)
		size += strlen(*p) + 1;
	if ((text = calloc(1, size)) == NULL)
		err(2, "memory");
	for (; *lines != NULL; lines++) {
		size_t n = strlen(*lines);

		strcat(text, *lines);
		if (n > 0 && (*lines)[n - 1] != '\n')
			strcat(text, "\n");
	}
	return text;
}

static int
set(int argc, char **argv)
{
	const char *before[KEYS_MOST] = { NULL }, *without[KEYS_MOST] = { NULL };
	struct change change = { .before = before, .without = without };
	size_t befores = 0, withouts = 0;
	char *lines;
	int c;

	while ((c = getopt(argc, argv, "+a:b:d:")) != -1) {
		switch (c) {
		case 'a':
			change.after = optarg;
			break;
		case 'b':
			keep_key(before, &befores);
			break;
		case 'd':
			keep_key(without, &withouts);
			break;
		default:
			return usage(stderr, 2);
		}
	}
	if (argc == optind || (change.after != NULL && befores > 0))
		return usage(stderr, 2);
	change.lines = lines = join(argv + optind + 1);
	if (!change_lines_ok(lines))
		errx(2, "not lines KEY=VALUE");
	if (change_file(argv[optind], &change) < 0)
		err(2, "%s", argv[optind]);
	free(lines);
	return 0;
}

/* Whether a key is a variable of a hook's: a list is too long, and the environment is not for it. */
static int
is_variable(const struct text_line *l)
{
	static const char *const lists[] = { "env", "frame", "module" };

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		if (strncmp(l->start, lists[i], strlen(lists[i])) == 0)
			return 0;
	return l->key_len > 0 && strspn(l->start, "abcdefghijklmnopqrstuvwxyz_") == l->key_len;
}

static int
variables(int argc, char **argv)
{
	char *text = malloc(INPUT_MOST);
	ssize_t n = text == NULL ? -1 : io_read(STDIN_FILENO, text, INPUT_MOST - 1);
	const char *p = text;
	struct text_line l;

	if (getopt(argc, argv, "+") != -1 || argc > optind)
		return usage(stderr, 2);
	if (n < 0)
		err(2, "<stdin>");
	text[n] = '\0';
	while (text_next(&l, &p)) {
		if (!is_variable(&l) || text_like(text, &l) != l.start)
			continue;
		fputs("GZCORE_", stdout);
		for (size_t i = 0; i < l.key_len; i++)
			putchar(toupper((unsigned char)l.start[i]));
		printf("%.*s\n", (int)(l.len - l.key_len), l.start + l.key_len);
	}
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
	} verbs[] = { { "begin", begin }, { "end", end }, { "set", set }, { "variables", variables } };
	int c;

	if (io_std() < 0)
		return 2;
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(*verbs); i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	while ((c = getopt(argc, argv, "+hV")) != -1) {
		switch (c) {
		case 'h':
			return usage(stdout, 0);
		case 'V':
			puts("core-record " VERSION);
			return fflush(stdout) == 0 ? 0 : 2;
		}
		break;
	}
	return usage(stderr, 2);
}
