/* core-prune - keep a directory of dumps within count, bytes, age and free space */
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
#include "store/disk_part.h"
#include "store/lock.h"
#include "store/store.h"

/* Its lock, in the directory: when two run at once, the second sees what the first has left. */
#define LOCK_FILE ".gzcore.prune"
/* How long to wait for it, ms. */
#define LOCK_WAIT 30000
/* With -l, the lock of the only one that may wait. */
#define WAITING_FILE ".gzcore.prune.next"

struct options {
	struct retention keep;
	/* Bytes: of dumps and of small cores that are kept, 0: any; that are left free. */
	struct disk_part bytes, small_bytes, spare;
	struct disk_part small_spare;	/* of these, that small cores make room for */
	char before[AGE_TIME];
	int leave, only_say, show, users;
};

static int
usage(FILE *to, int status)
{
	fputs("usage: core-prune [-hlnsuvV] [-a AGE] [-b PART] [-B PART] [-F PART] [-i N]\n"
	      "                  [-I N] [-k N] [-K N] [-S PART] DIR\n", to);
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

/* Puts what the options say, each by its letter, into o. */
static void
take_options(struct options *o, int argc, char **argv)
{
	const char *opt[128] = { NULL };

	options_take(argc, argv, "a:b:B:F:hi:I:k:K:lnsS:uvV", opt, usage, "core-prune", NULL);
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
	if (argc - optind != 1)
		exit(usage(stderr, 2));
	if (opt['F'] == NULL && (opt['S'] != NULL || o->users)) {
		warnx("-%c has no effect without -F PART", opt['S'] != NULL ? 'S' : 'u');
		exit(usage(stderr, 2));
	}
	/* A call without a rule is a mistake: it would keep everything. */
	if (o->keep.before == NULL && opt['b'] == NULL && opt['F'] == NULL && o->keep.each == 0 &&
	    o->keep.count == 0 && !o->keep.apart) {
		warnx("no rule is given, by which to keep or remove");
		exit(usage(stderr, 2));
	}
}

/*
 * Whether nobody else owns the directory: its owner could keep the lock from each of us for as long
 * as that waits.
 */
static int
is_ours(int dir)
{
	struct stat st;

	return fstat(dir, &st) == 0 && st.st_uid == geteuid();
}

/*
 * Takes the lock.  Returns 0 when that is left to another one, which waits for the lock now: it will
 * start later than this one, so it sees all that is there for this one to see.
 */
static int
take_lock(int dir, const char *path, int leave)
{
	int ours = is_ours(dir), waiting = -1;

	if (leave && ours && (waiting = lock_file(dir, WAITING_FILE, 0)) < 0) {
		if (errno == ETIMEDOUT)
			return 0;
		err(2, "%s/%s", path, WAITING_FILE);
	}
	if (lock_file(dir, LOCK_FILE, ours ? LOCK_WAIT : 0) < 0)
		err(2, "%s/%s", path, LOCK_FILE);
	if (waiting >= 0)
		io_close(waiting);
	return 1;
}

int
main(int argc, char **argv)
{
	static struct options o;
	const char *path;
	int dir, status;

	if (io_std() < 0)
		err(2, "/dev/null");
	take_options(&o, argc, argv);
	path = argv[optind];
	if ((dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		err(2, "%s", path);
	if (!o.only_say && !take_lock(dir, path, o.leave))
		return 0;
	status = prune(path, dir, &o);
	if (fflush(stdout) != 0 || io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: write");
	return status;
}
