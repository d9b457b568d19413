/* core-loop - count the crashes of a program that crashes again and again, in place of more cores */
#define _XOPEN_SOURCE 700
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "crash/loop_record.h"
#include "options.h"

struct options {
	const char *dir, *name, *key;
	const char *uid;	/* of the process, NULL: not given */
	uint32_t most, seconds;
	struct record_owner owner;
	int count_only;		/* no record is read or kept, and there is no name */
};

static int
usage(FILE *to, int status)
{
	fputs("usage: core-loop [-hV] [-k N] [-M MODE] [-o OWNER[:GROUP]] [-u UID] [-w SECONDS]\n"
	      "                 KEY DIR NAME\n"
	      "       core-loop -c [-k N] [-u UID] [-w SECONDS] KEY DIR\n",
	    to);
	return fflush(to) == 0 ? status : 2;
}

/* Reads the record on standard input. */
static char *
read_record(void)
{
	char *text = malloc(LOOP_RECORD);
	ssize_t n = text == NULL ? -1 : io_read(STDIN_FILENO, text, LOOP_RECORD - 1);

	if (n < 0)
		err(2, "<stdin>");
	text[n] = '\0';
	if (n == (ssize_t)LOOP_RECORD - 1 || memchr(text, '\0', (size_t)n) != NULL ||
	    !loop_record_ok(text))
		errx(2, "<stdin>: not the lines of a record");
	return text;
}

static struct payer
find_payer(const char *uid)
{
	struct payers payers = { 0 };
	struct payer payer;

	if (payers_read(&payers, PAYERS_FILE) < 0)
		warn("%s", PAYERS_FILE);
	payer = payers_of(&payers, uid, "");
	payers_free(&payers);
	return payer;
}

static int
count(const struct options *o)
{
	struct payer payer;
	char *record = o->count_only ? NULL : read_record();
	struct loops l;
	struct loop *one;
	int status = 0, dir;

	if (mkdir(o->dir, 0700) < 0 && errno != EEXIST)
		err(2, "%s", o->dir);
	if ((dir = open(o->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		err(2, "%s", o->dir);
	if (loops_open(&l, dir) < 0)
		err(2, "%s/%s", o->dir, LOOPS_FILE);
	if (o->uid != NULL)
		payer = find_payer(o->uid);
	one = loops_one(&l, o->key, o->uid != NULL ? &payer : NULL, o->seconds);
	if (one->count > o->most) {
		uint64_t beyond = one->count - o->most;

		status = 1;
		if (!o->count_only &&
		    loop_record_count(one, beyond, o->dir, dir, o->name, record, &o->owner) < 0)
			err(2, "%s/%s.txt", o->dir, o->name);
		if (!o->count_only)
			printf("%s ", one->name);
		printf("%" PRIu64 "\n", beyond);
	}
	if (loops_save(&l) < 0)
		err(2, "%s/%s", o->dir, LOOPS_FILE);
	io_close(dir);
	free(record);
	if (fflush(stdout) != 0)
		err(2, "<stdout>: write");
	return status;
}

/* Ends the program when the name cannot be a file's, or the key breaks the lines of the counts. */
static void
check(const struct options *o)
{
	if (*o->name == '\0' || strpbrk(o->name, "/\t\n") != NULL)
		errx(2, "the name: empty, or has a slash, a tab or a newline");
	if (!loop_key_ok(o->key))
		errx(2, "the key: empty, or has a tab or a newline");
}

int
main(int argc, char **argv)
{
	struct options o = { .most = 5, .seconds = 600,
		.owner = { (uid_t)-1, (gid_t)-1, 0600 } };
	int record = 0, c;

	if (io_std() < 0)
		err(2, "/dev/null");
	while ((c = getopt(argc, argv, "chk:M:o:u:Vw:")) != -1) {
		if (c == 'M' || c == 'o')
			record = c;
		switch (c) {
		case 'c':
			o.count_only = 1;
			break;
		case 'h':
			return usage(stdout, 0);
		case 'k':
			o.most = (uint32_t)option_number(c, optarg, 1, UINT32_MAX, "");
			break;
		case 'M':
			option_mode(c, optarg, &o.owner.mode);
			break;
		case 'o':
			option_owner(c, optarg, &o.owner.uid, &o.owner.gid);
			break;
		case 'u':
			option_id(c, optarg, 0, UINT32_MAX - 1, "user ID");
			o.uid = optarg;
			break;
		case 'V':
			return option_version("core-loop", NULL);
		case 'w':
			o.seconds = (uint32_t)option_number(c, optarg, 1, UINT32_MAX, "");
			break;
		default:
			return usage(stderr, 2);
		}
	}
	if (argc - optind != (o.count_only ? 2 : 3) || (o.count_only && record != 0))
		return usage(stderr, 2);
	o.key = argv[optind];
	o.dir = argv[optind + 1];
	o.name = o.count_only ? "none" : argv[optind + 2];
	check(&o);
	return count(&o);
}
