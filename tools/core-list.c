/* core-list - what dumps are stored in a directory, newest first */
#define _XOPEN_SOURCE 700
#include <err.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/age.h"
#include "base/io.h"
#include "base/terminal.h"
#include "dumps/columns.h"
#include "dumps/conf.h"
#include "dumps/directory.h"
#include "dumps/text.h"
#include "dumps/values.h"
#include "options.h"
#include "record/record.h"
#include "record/writer.h"

struct options {
	enum dump_form form;
	/* Only dumps of these are listed; NULL or "": any. */
	const char *command, *identity;
	const char *name;		/* bytes of any kind */
	const char *key, *pattern;	/* a line of the record that is wanted; NULL: any */
	int reasons;			/* the table has them, each on a line of its own */
	int waits;			/* only those that wait to be sent */
	int objects;			/* JSON objects, each on a line, in no array */
	int without_object, without_small_object;	/* the JSON lacks that key */
	char since[AGE_TIME], until[AGE_TIME];
};

static int
usage(FILE *to, int status)
{
	fputs("usage: core-list [-ahjorvVw] [-c COMMAND] [-i IDENTITY] [-k KEY=PATTERN]\n"
	      "                 [-N NAME] [-s TIME] [-u TIME] [-x KEY] [DIR]\n", to);
	return fflush(to) == 0 ? status : 2;
}

static void
take_time(int letter, const char *text, char out[AGE_TIME])
{
	if (text != NULL && age_time(text, out) < 0)
		errx(2, "-%c %s: neither a time such as 2026-11-25, 2026-11-25T10:20:30Z or "
		    "yesterday, nor an age such as 90m, 2h or 3d", letter, text);
}

/* Whether a line of the record has the key, and a value that matches. */
static int
record_matches(const struct dump *d, const char *key, const char *pattern)
{
	const char *value = dump_next_value(d, key, NULL);

	while (value != NULL && fnmatch(pattern, value, 0) != 0)
		value = dump_next_value(d, key, value);
	return value != NULL;
}

/* Takes KEY=PATTERN apart. */
static void
take_key_pattern(struct options *o, char *text)
{
	char *equals = strchr(text, '=');

	if (equals == NULL || equals == text)
		errx(2, "-k %s: not KEY=PATTERN, such as unit=nginx*", text);
	*equals = '\0';
	o->key = text;
	o->pattern = equals + 1;
}

static int
starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static int
wanted(const struct dump *d, const struct options *o)
{
	if ((o->waits && !dump_waits(d)) || (o->name != NULL && strcmp(o->name, d->name) != 0))
		return 0;
	/* A day or minute that "until" names counts to its end. */
	return (o->key == NULL || record_matches(d, o->key, o->pattern)) &&
	    (o->command == NULL || fnmatch(o->command, d->comm, 0) == 0) &&
	    (o->identity == NULL || starts(d->uuid, o->identity) ||
		starts(d->build_id, o->identity) || starts(d->fingerprint, o->identity)) &&
	    (o->since[0] == '\0' || strcmp(d->time, o->since) >= 0) &&
	    (o->until[0] == '\0' || strncmp(d->time, o->until, strlen(o->until)) <= 0);
}

static int
put_text(void *arg, const char *text, size_t len)
{
	(void)arg;
	return fwrite(text, 1, len, stdout) == len ? 0 : -1;
}

/* Puts one dump in the form of DUMP_LINES or of JSON. */
static int
put_dump(const struct dump *d, const struct options *o)
{
	struct dump one = *d;

	if (o->without_object)
		one.object = "";
	if (o->without_small_object)
		one.small_object = "";
	if (dump_text(&one, o->form, put_text, NULL) < 0)
		return -1;
	return o->objects ? put_text(NULL, "\n", 1) : 0;
}

/* How wide the columns are: on a terminal they fit it. */
static void
measure(struct columns *table, const struct dumps *d, const struct options *o)
{
	unsigned width = terminal_width(STDOUT_FILENO);

	memset(table, 0, sizeof(*table));
	for (size_t i = 0; i < d->count && width > 0; i++)
		if (wanted(&d->dump[i], o))
			columns_measure(table, &d->dump[i]);
	if (width > 0)
		columns_fit(table, width);
	else
		columns_plain(table);
}

/* Lists what is wanted of the dumps; returns how many that were. */
static size_t
put_dumps(const struct dumps *d, const struct options *o)
{
	static struct writer w;
	struct columns table;
	int array = !o->objects && (o->form == DUMP_OBJECT || o->form == DUMP_ALL);
	size_t shown = 0;

	writer_start(&w, WRITER_LINES, put_text, NULL);
	if (o->form == DUMP_COLUMNS)
		measure(&table, d, o);
	for (size_t i = 0; i < d->count; i++) {
		const struct dump *one = &d->dump[i];

		if (!wanted(one, o))
			continue;
		if (o->form == DUMP_COLUMNS && shown == 0)
			columns_head(&w, &table);
		else if (array)
			writer_print(&w, shown == 0 ? "[" : ",\n ");
		shown++;
		if (o->form == DUMP_COLUMNS)
			columns_dump(&w, &table, one, o->reasons);
		else if (writer_flush(&w) < 0 || put_dump(one, o) < 0)
			err(2, "<stdout>: write");
	}
	if (array)
		writer_print(&w, shown == 0 ? "[]\n" : "]\n");
	if (writer_flush(&w) < 0)
		err(2, "<stdout>: write");
	return shown;
}

/* Fills o; or returns the status to exit with, else -1. */
static int
read_options(struct options *o, int argc, char **argv)
{
	const char *opt[128] = { NULL };

	options_take(argc, argv, "ac:hi:jk:N:ors:u:vVwx:", opt, usage, "core-list", NULL);
	take_time('s', opt['s'], o->since);
	take_time('u', opt['u'], o->until);
	if (argc - optind > 1 || (opt['j'] != NULL && opt['r'] != NULL) ||
	    ((opt['a'] != NULL || opt['o'] != NULL || opt['x'] != NULL) && opt['j'] == NULL))
		return usage(stderr, 2);
	if (opt['x'] != NULL && strcmp(opt['x'], "object") != 0 &&
	    strcmp(opt['x'], "small_object") != 0)
		errx(2, "-x %s: neither object nor small_object", opt['x']);
	if (opt['k'] != NULL)
		take_key_pattern(o, (char *)(uintptr_t)opt['k']);
	if (opt['N'] != NULL)
		record_unescape((char *)(uintptr_t)opt['N']);
	o->command = opt['c'];
	o->identity = opt['i'];
	o->name = opt['N'];
	o->reasons = opt['v'] != NULL;
	o->waits = opt['w'] != NULL;
	o->objects = opt['o'] != NULL;
	o->without_object = opt['x'] != NULL && strcmp(opt['x'], "object") == 0;
	o->without_small_object = opt['x'] != NULL && !o->without_object;
	o->form = opt['r'] != NULL ? DUMP_LINES : opt['a'] != NULL ? DUMP_ALL :
	    opt['j'] != NULL ? DUMP_OBJECT : DUMP_COLUMNS;
	return -1;
}

int
main(int argc, char **argv)
{
	struct options o = { .command = NULL };
	struct dumps d = { 0 };
	char *configured = NULL;
	const char *path = DUMPS_DIR;
	size_t shown;
	int fd, status;

	if (io_std() < 0)
		err(2, "/dev/null");
	if ((status = read_options(&o, argc, argv)) >= 0)
		return status;
	if (optind < argc)
		path = argv[optind];
	else if (conf_dir(CONF_FILE, &configured) < 0)
		warn("%s", CONF_FILE);
	else if (configured != NULL)
		path = configured;
	if ((fd = dumps_open(path)) < 0 || dumps_read(&d, fd, DUMPS_USERS) < 0)
		err(2, "%s", path);
	shown = put_dumps(&d, &o);
	dumps_free(&d);
	free(configured);
	io_close(fd);
	if (fflush(stdout) != 0 || io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: write");
	return shown > 0 ? 0 : 1;
}
