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
#include "store/lock.h"
#include "store/store.h"

/* Its lock, in the directory: of two that run at once the second sees what the first has left. */
#define LOCK_FILE ".gzcore.prune"
/* How long it is waited for, ms. */
#define LOCK_WAIT 30000

struct options {
	struct retention keep;
	uint64_t spare;		/* bytes to leave free */
	uint64_t small_spare;	/* of these, that small cores make room for; UINT64_MAX: all */
	char before[AGE_TIME];
	int only_say, show, users;
};

static int
usage(FILE *to, int status)
{
	fputs("usage: core-prune [-hnsuvV] [-a AGE] [-b BYTES] [-B BYTES] [-F BYTES] [-i N] [-I N]\n"
	      "                  [-k N] [-K N] [-S BYTES] DIR\n", to);
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
	printf("%s %s: %s\n", o->only_say ? "would remove" : "removed", name, retention_words(rule, small));
}

static void
tell(const struct options *o, const struct dump *d, const struct retention_verdict *v)
{
	char name[RECORD_ESCAPED(DUMPS_NAME)];

	if (v->all && (d->file != NULL || d->small == NULL)) {
		tell_removed(o, d->name, v->file, 0);
		return;
	}
	if (v->all) {
		tell_removed(o, d->name, v->small, o->keep.apart);
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
	uint64_t small = o->small_spare < o->spare ? o->small_spare : o->spare;
	struct payers payers = { 0 };
	struct retention_verdict *v;
	int status = 0;

	/* Those of users are many, and of use for room alone. */
	if (dumps_read(&d, dir, o->users && needed(dir, o->spare) > 0 ? DUMPS_USERS : 0) < 0)
		err(2, "%s", path);
	if (payers_read(&payers, PAYERS_FILE) < 0)
		warn("%s", PAYERS_FILE);
	/* With less than half of it nothing could be stored all the same. */
	o->keep.need.wanted = needed(dir, o->spare);
	o->keep.need.least = needed(dir, o->spare / 2);
	o->keep.small_need.wanted = needed(dir, small);
	o->keep.small_need.least = needed(dir, small / 2);
	if ((v = calloc(d.count + 1, sizeof(*v))) == NULL || retention_plan(&d, &o->keep, &payers, v) < 0)
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
		tell(o, &d.dump[i], &v[i]);
	}
	free(v);
	payers_free(&payers);
	dumps_free(&d);
	return status;
}

static uint64_t
bytes(int letter, uint64_t least)
{
	uint64_t n;

	if (number_size(optarg, least, INT64_MAX, &n) < 0)
		errx(2, "-%c %s: not a size in bytes, such as 512, 64K or 8M", letter, optarg);
	return n;
}

static uint64_t
number(int letter, uint64_t least)
{
	uint64_t n;

	if (number_parse(optarg, least, UINT32_MAX, &n) < 0)
		errx(2, "-%c %s: not a number from %" PRIu64 " to %" PRIu32, letter, optarg, least, UINT32_MAX);
	return n;
}

/* Whether nobody else owns the directory: its owner could keep the lock from each of us for as long as that waits. */
static int
is_ours(int dir)
{
	struct stat st;

	return fstat(dir, &st) == 0 && st.st_uid == geteuid();
}

int
main(int argc, char **argv)
{
	struct options o = { .small_spare = UINT64_MAX };
	int dir, status, c;

	if (io_std() < 0)
		return 2;
	while ((c = getopt(argc, argv, "a:b:B:F:hi:I:k:K:nsS:uvV")) != -1) {
		switch (c) {
		case 'a':
			if (age_ago(optarg, o.before) < 0)
				errx(2, "-a %s: not an age such as 90m, 12h or 30d", optarg);
			o.keep.before = o.before;
			break;
		case 'b':
			o.keep.bytes = bytes(c, 1);
			break;
		case 'B':
			o.keep.apart = 1;
			o.keep.small_bytes = bytes(c, 0);
			break;
		case 'F':
			o.spare = bytes(c, 1);
			break;
		case 'h':
			return usage(stdout, 0);
		case 'i':
			o.keep.each = number(c, 1);
			break;
		case 'I':
			o.keep.apart = 1;
			o.keep.small_each = number(c, 0);
			break;
		case 'k':
			o.keep.count = number(c, 1);
			break;
		case 'K':
			o.keep.apart = 1;
			o.keep.small_count = number(c, 0);
			break;
		case 'n':
			o.only_say = 1;
			break;
		case 's':
			o.keep.unsent = 1;
			break;
		case 'S':
			o.keep.apart = 1;
			o.small_spare = bytes(c, 0);
			break;
		case 'u':
			o.users = 1;
			break;
		case 'v':
			o.show = 1;
			break;
		case 'V':
			puts("core-prune " VERSION);
			return fflush(stdout) == 0 ? 0 : 2;
		default:
			return usage(stderr, 2);
		}
	}
	if (argc - optind != 1)
		return usage(stderr, 2);
	if (o.small_spare != UINT64_MAX && o.spare == 0) {
		warnx("-S has no effect without -F BYTES");
		return usage(stderr, 2);
	}
	if (o.users && o.spare == 0) {
		warnx("-u has no effect without -F BYTES");
		return usage(stderr, 2);
	}
	/* Who names no rule means something else. */
	if (o.keep.before == NULL && o.keep.bytes == 0 && o.spare == 0 && o.keep.each == 0 && o.keep.count == 0 &&
	    !o.keep.apart) {
		warnx("no rule is given, by which to keep or remove");
		return usage(stderr, 2);
	}
	if ((dir = open(argv[optind], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		err(2, "%s", argv[optind]);
	if (!o.only_say && lock_file(dir, LOCK_FILE, is_ours(dir) ? LOCK_WAIT : 0) < 0)
		err(2, "%s/%s", argv[optind], LOCK_FILE);
	status = prune(argv[optind], dir, &o);
	if (fflush(stdout) != 0 || io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: write");
	return status;
}
