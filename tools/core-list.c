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
#include "base/number.h"
#include "dumps/conf.h"
#include "dumps/directory.h"
#include "dumps/text.h"
#include "record/record.h"

#define COLUMN 128	/* the most characters of one */

struct filter {
	const char *command, *identity;
	const char *name;			/* bytes of any kind, as all three NULL: any */
	int waits;				/* only those that wait to be sent */
	char since[AGE_TIME], until[AGE_TIME];	/* "": any */
};

static int
usage(FILE *to, int status)
{
	fputs("usage: core-list [-ahjrVw] [-c COMMAND] [-i IDENTITY] [-N NAME] [-s TIME] [-u TIME]\n"
	      "                 [DIR]\n", to);
	return fflush(to) == 0 ? status : 2;
}

/* A time as records have it, or the start of one; or an age, "90m", which is so long ago. */
static void
take_time(int letter, const char *text, char out[AGE_TIME])
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
	size_t n = strlen(text), same = 0;

	while (same < n && form[same] != '\0' &&
	    (form[same] == 'd' ? text[same] >= '0' && text[same] <= '9' : text[same] == form[same]))
		same++;
	if (n >= 4 && same == n)
		strcpy(out, text);
	else if (age_ago(text, out) < 0)
		errx(2, "-%c %s: neither a time such as 2026-11-25 or 2026-11-25T10:20:30Z "
		    "nor an age such as 90m, 2h or 3d", letter, text);
}

static int
starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static int
wanted(const struct dump *d, const struct filter *f)
{
	if ((f->waits && !dump_waits(d)) || (f->name != NULL && strcmp(f->name, d->name) != 0))
		return 0;
	/* What "until" names is meant to its end: the whole day, the whole minute. */
	return (f->command == NULL || fnmatch(f->command, d->comm, 0) == 0) &&
	    (f->identity == NULL || starts(d->uuid, f->identity) || starts(d->build_id, f->identity) ||
		starts(d->fingerprint, f->identity)) &&
	    (f->since[0] == '\0' || strcmp(d->time, f->since) >= 0) &&
	    (f->until[0] == '\0' || strncmp(d->time, f->until, strlen(f->until)) <= 0);
}

static const char *
or_dash(const char *text)
{
	return *text != '\0' ? text : "-";
}

/* A value as a column.  Records of users may hold anything, and nothing of it is for the terminal. */
static void
put_column(const char *value, int least, int most)
{
	char text[COLUMN + 1];

	snprintf(text, sizeof(text), "%.*s", most, or_dash(value));
	for (char *p = text; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	printf("%-*s  ", least, text);
}

static void
put_line(const struct dump *d)
{
	char size[16], name[RECORD_ESCAPED(DUMPS_NAME)];

	put_column(d->time, 20, COLUMN);
	put_column(d->comm, 15, COLUMN);
	put_column(d->signame, 8, COLUMN);
	printf("%5s  %-7s  ", d->file != NULL ? number_short(d->size, size) :
	    d->small != NULL			  ? number_short(d->small_size, size) :
						    "-", dump_words(d->state));
	put_column(d->fingerprint, 16, COLUMN);
	/* An identity in full is for -j: of a UUID or a build-id the start says enough. */
	put_column(*d->uuid != '\0' ? d->uuid : d->build_id, 8, 8);
	record_escape(name, d->name, strnlen(d->name, DUMPS_NAME));
	puts(name);
}

static int
put_text(void *arg, const char *text, size_t len)
{
	(void)arg;
	return fwrite(text, 1, len, stdout) == len ? 0 : -1;
}

static void
put_dumps(const struct dumps *d, const struct filter *f, char form, size_t *shown)
{
	for (size_t i = 0; i < d->count; i++) {
		if (!wanted(&d->dump[i], f))
			continue;
		if (form == 'j' || form == 'a')
			fputs(*shown == 0 ? "[" : ",\n ", stdout);
		else if (form == 't' && *shown == 0)
			printf("%-20s  %-15s  %-8s  %5s  %-7s  %-16s  %-8s  %s\n", "TIME", "COMMAND", "SIGNAL", "SIZE", "STATE",
			    "STACK", "IDENTITY", "NAME");
		++*shown;
		if (form == 't')
			put_line(&d->dump[i]);
		else if (dump_text(&d->dump[i], form == 'r' ? DUMP_LINES : form == 'j' ? DUMP_OBJECT : DUMP_ALL, put_text,
		    NULL) < 0)
			err(2, "<stdout>: write");
	}
	if (form == 'j' || form == 'a')
		puts(*shown == 0 ? "[]" : "]");
}

int
main(int argc, char **argv)
{
	struct filter f = { .command = NULL };
	struct dumps d = { 0 };
	char *configured = NULL;
	const char *path = DUMPS_DIR;
	size_t shown = 0;
	int all = 0, json = 0, lines = 0, fd, c;

	if (io_std() < 0)
		return 2;
	while ((c = getopt(argc, argv, "ac:hi:jN:rs:u:Vw")) != -1) {
		switch (c) {
		case 'a':
			all = 1;
			break;
		case 'c':
			f.command = optarg;
			break;
		case 'h':
			return usage(stdout, 0);
		case 'i':
			f.identity = optarg;
			break;
		case 'j':
			json = 1;
			break;
		case 'N':
			record_unescape(optarg);
			f.name = optarg;
			break;
		case 'r':
			lines = 1;
			break;
		case 's':
			take_time(c, optarg, f.since);
			break;
		case 'u':
			take_time(c, optarg, f.until);
			break;
		case 'V':
			puts("core-list " VERSION);
			return fflush(stdout) == 0 ? 0 : 2;
		case 'w':
			f.waits = 1;
			break;
		default:
			return usage(stderr, 2);
		}
	}
	if (argc - optind > 1 || json + lines > 1 || all > json)
		return usage(stderr, 2);
	if (optind < argc)
		path = argv[optind];
	else if (conf_dir(CONF_FILE, &configured) < 0)
		warn("%s", CONF_FILE);
	else if (configured != NULL)
		path = configured;
	if ((fd = dumps_open(path)) < 0 || dumps_read(&d, fd, DUMPS_USERS) < 0)
		err(2, "%s", path);
	put_dumps(&d, &f, lines ? 'r' : all ? 'a' : json ? 'j' : 't', &shown);
	dumps_free(&d);
	free(configured);
	io_close(fd);
	if (fflush(stdout) != 0 || io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: write");
	return shown > 0 ? 0 : 1;
}
