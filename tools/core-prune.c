/* core-prune - keep a directory of dumps within count, bytes, age and free space, or remove some */
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

#include "base/age.h"
#include "base/io.h"
#include "base/number.h"
#include "dumps/directory.h"
#include "dumps/payers.h"
#include "dumps/remove.h"
#include "dumps/retention.h"
#include "record/record.h"
#include "options.h"
#include "removing.h"
#include "store/disk_part.h"
#include "store/store.h"

struct options {
	struct retention keep;
	/* Bytes: of dumps and of small cores that are kept, 0: any; that are left free. */
	struct disk_part bytes, small_bytes, spare;
	struct disk_part small_spare;	/* of these, that small cores make room for */
	char before[AGE_TIME];
	int leave, only_say, show, users;
	const char *command, *dir;	/* without a rule: whose dumps go; where, or NULL */
	int has_rule;
};

static int
usage(FILE *to, int status)
{
	fputs("usage: core-prune [-hlnsuvV] [-a AGE] [-b PART] [-B PART] [-F PART] [-i N]\n"
	      "                  [-I N] [-k N] [-K N] [-S PART] DIR\n"
	      "       core-prune [-n] [-c COMMAND] [-d DIR] [NAME ...]\n", to);
	return fflush(to) == 0 ? status : 2;
}

/* How many bytes must become free so that as many are as there should be. */
static uint64_t
needed(int dir, uint64_t spare)
{
	uint64_t free;

	return spare > 0 && store_free(dir, &free) == 0 && spare > free ? spare - free : 0;
}

static void
tell_removed(const struct options *o, const char *what, enum retention_rule rule, int small)
{
	char name[RECORD_ESCAPED(DUMPS_NAME)];

	record_escape(name, what, strnlen(what, DUMPS_NAME));
	printf("%s %s: %s\n", o->only_say ? "would remove" : "removed", name,
	    retention_words(rule, small));
}

/* Tells what became of a dump. */
static void
tell_verdict(const struct options *o, const struct dump *d, const struct retention_verdict *v)
{
	char name[RECORD_ESCAPED(DUMPS_NAME)];
	int small_alone = d->file == NULL && d->small != NULL;

	if (v->all) {
		tell_removed(o, d->name, small_alone ? v->small : v->file,
		    small_alone && o->keep.apart);
		return;
	}
	if (v->file != RETENTION_STAYS)
		tell_removed(o, d->file, v->file, 0);
	if (v->small != RETENTION_STAYS)
		tell_removed(o, d->small, v->small, 1);
	record_escape(name, d->name, strnlen(d->name, DUMPS_NAME));
	if (o->show)
		printf("stays %s\n", name);
}

static int
prune(const char *path, int dir, struct options *o)
{
	struct dumps d = { 0 };
	uint64_t spare = disk_part_bytes(&o->spare, dir);
	uint64_t small = disk_part_bytes(&o->small_spare, dir);
	struct payers payers = { 0 };
	struct retention_verdict *v;
	int status = 0;

	if (small > spare)
		small = spare;
	o->keep.bytes = disk_part_bytes(&o->bytes, dir);
	o->keep.small_bytes = disk_part_bytes(&o->small_bytes, dir);
	/* Users have many directories, and only the rule of free space looks at them. */
	if (dumps_read(&d, dir, o->users && needed(dir, spare) > 0 ? DUMPS_USERS : 0) < 0)
		err(2, "%s", path);
	if (payers_read(&payers, PAYERS_FILE) < 0)
		warn("%s", PAYERS_FILE);
	/* With less than half of it free nothing could be stored anyway. */
	o->keep.need.wanted = needed(dir, spare);
	o->keep.need.least = needed(dir, spare / 2);
	o->keep.small_need.wanted = needed(dir, small);
	o->keep.small_need.least = needed(dir, small / 2);
	if ((v = calloc(d.count + 1, sizeof(*v))) == NULL ||
	    retention_plan(&d, &o->keep, &payers, v) < 0)
		err(2, NULL);
	/* The oldest first, as they came. */
	for (size_t i = d.count; i-- > 0;) {
		if (!o->only_say && dumps_remove(dir, &d.dump[i], v[i].file != RETENTION_STAYS,
		    v[i].small != RETENTION_STAYS, v[i].all) < 0) {
			if (errno == EWOULDBLOCK)
				warnx("%s/%s: in use: it stays", path, d.dump[i].name);
			else
				warn("%s/%s", path, d.dump[i].name);
			status = 1;
			continue;
		}
		tell_verdict(o, &d.dump[i], &v[i]);
	}
	free(v);
	payers_free(&payers);
	dumps_free(&d);
	return status;
}

/* The size or part that an option has, 0 when it is not given. */
static struct disk_part
part_of(const char *opt[128], int letter, uint64_t least)
{
	if (opt[letter] == NULL)
		return (struct disk_part){ .most = 0 };
	return option_part(letter, opt[letter], least);
}

/* The number that an option has, 0 when it is not given. */
static uint64_t
number_of(const char *opt[128], int letter, uint64_t least)
{
	uint64_t n = 0;

	if (opt[letter] != NULL && number_parse(opt[letter], least, UINT32_MAX, &n) < 0)
		errx(2, "-%c %s: not a number from %" PRIu64 " to %" PRIu32, letter, opt[letter],
		    least, UINT32_MAX);
	return n;
}

static void
check_operands(const struct options *o, int count, char **operand)
{
	int other = o->command != NULL || o->dir != NULL;
	struct stat st;

	if (o->has_rule) {
		if (!other && count == 1)
			return;
	} else if (!other && count == 1 && stat(operand[0], &st) == 0 && S_ISDIR(st.st_mode)) {
		/* It is a mistake: everything would stay. */
		warnx("no rule is given, by which to keep or remove");
	} else if (!o->leave && !o->show && !o->keep.unsent &&
	    (count > 0 || (o->command != NULL && *o->command != '\0'))) {
		return;
	}
	exit(usage(stderr, 2));
}

/* Puts what the options say, each by its letter, into o. */
static void
take_options(struct options *o, int argc, char **argv)
{
	const char *opt[128] = { NULL };

	options_take(argc, argv, "a:b:B:c:d:F:hi:I:k:K:lnsS:uvV", opt, usage, "core-prune", NULL);
	if (opt['a'] != NULL && age_ago(opt['a'], o->before) < 0)
		errx(2, "-a %s: not an age such as 90m, 12h or 30d", opt['a']);
	o->keep = (struct retention){ .before = opt['a'] != NULL ? o->before : NULL,
		.each = number_of(opt, 'i', 1),
		.count = number_of(opt, 'k', 1),
		.small_each = number_of(opt, 'I', 0),
		.small_count = number_of(opt, 'K', 0),
		.unsent = opt['s'] != NULL,
		.apart = opt['B'] != NULL || opt['I'] != NULL || opt['K'] != NULL ||
		    opt['S'] != NULL };
	o->bytes = part_of(opt, 'b', 1);
	o->small_bytes = part_of(opt, 'B', 0);
	o->spare = part_of(opt, 'F', 1);
	o->small_spare = opt['S'] != NULL ? part_of(opt, 'S', 0) : o->spare;
	o->leave = opt['l'] != NULL;
	o->only_say = opt['n'] != NULL;
	o->show = opt['v'] != NULL;
	o->users = opt['u'] != NULL;
	o->command = opt['c'];
	o->dir = opt['d'];
	if (opt['F'] == NULL && (opt['S'] != NULL || o->users)) {
		warnx("-%c has no effect without -F PART", opt['S'] != NULL ? 'S' : 'u');
		exit(usage(stderr, 2));
	}
	o->has_rule = o->keep.before != NULL || opt['b'] != NULL || opt['F'] != NULL ||
	    o->keep.each != 0 || o->keep.count != 0 || o->keep.apart;
	check_operands(o, argc - optind, argv + optind);
}

int
main(int argc, char **argv)
{
	static struct options o;
	const char *path, *file;
	int dir, locked, status;

	if (io_std() < 0)
		err(2, "/dev/null");
	take_options(&o, argc, argv);
	path = o.has_rule ? argv[optind] : removing_directory(o.dir);
	if ((dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		err(2, "%s", path);
	if (!o.only_say && (locked = dumps_lock(dir, o.leave, &file)) <= 0) {
		if (locked == 0)
			return 0;
		err(2, "%s/%s", path, file);
	}
	if (o.has_rule)
		status = prune(path, dir, &o);
	else
		status = removing_run(&(struct removing){ .path = path, .dir = dir,
		    .command = o.command, .names = argv + optind, .only_say = o.only_say });
	if (fflush(stdout) != 0 || io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: write");
	return status;
}
