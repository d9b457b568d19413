/* core-keep - keep the files that a crashed process ran, once each */
#define _XOPEN_SOURCE 700
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/io.h"
#include "kept/budget.h"
#include "kept/give.h"
#include "kept/hold.h"
#include "kept/keep.h"
#include "kept/store.h"
#include "options.h"
#include "proc/task.h"
#include "record/record.h"
#include "system/owner.h"

#define USER "65534:65534"
#define SECONDS 60
/* How long a process is waited for whose files are open, ms. */
#define HELD_MS 10000
/* What is said of files, and then how many lines more there were. */
#define SAID 20

struct options {
	struct kept_options keep;
	struct disk_part most, spare;	/* of its budget */
	struct kept_process process;
	struct kept_give give;
	const char *user;
	int reduce, show;
	int user_of;		/* -C is given */
	size_t said;
};

static int
usage(FILE *to, int status)
{
	fputs("usage: core-keep [-nv] [-b PART] [-C USER] [-F PART] [-k foreign | all] [-P FD]\n"
	      "                 [-t SECONDS] [-u USER] -p PID DIR\n"
	      "       core-keep [-nv] [-b PART] [-F PART] -r DIR\n"
	      "       core-keep [-v] [-b PART] [-F PART] [-t SECONDS] -c RECORD -u USER DIR TO\n"
	      "       core-keep [-hV]\n", to);
	return fflush(to) == 0 ? status : 2;
}

/* The line of the record, as soon as it is true: the time may be up at the next file. */
static void
tell_kept(void *arg, uint64_t start, const char *kind, const char *name, int64_t owner)
{
	const struct options *o = arg;

	printf(o->keep.only_say ? "would keep 0x%" PRIx64 " %s/%s\n" :
	    "kept_module=0x%" PRIx64 " %s/%s\n", start, kind, name);
	if (owner >= 0 && !o->keep.only_say)
		printf("kept_owner=0x%" PRIx64 " %" PRId64 "\n", start, owner);
	fflush(stdout);
}

static void
tell_file(void *arg, int problem, const char *path, const char *what, int error)
{
	static char shown[RECORD_ESCAPED(CORE_PATH)];
	struct options *o = arg;

	if (!problem && !o->show)
		return;
	if (o->said++ >= SAID && !o->show)
		return;
	record_escape(shown, path, strnlen(path, CORE_PATH));
	errno = error;
	if (error != 0)
		warn("%s: %s", shown, what);
	else
		warnx("%s: %s", shown, what);
}

static void
tell_removed(void *arg, const char *kind, const char *name, int needed)
{
	const struct options *o = arg;
	const char *why = needed ? "over the limit, and its last crash is the oldest" :
		"no dump here needs it";

	if (o->reduce)
		printf("%s %s/%s: %s\n", o->keep.only_say ? "would remove" : "removed", kind, name,
		    why);
	else if (o->show)
		warnx("removed %s/%s: %s", kind, name, why);
}

static void
take_options(struct options *o, int argc, char **argv)
{
	const char *given[128] = { NULL };
	int verbs;

	options_take(argc, argv, "b:C:c:F:hk:nP:p:rt:u:Vv", given, usage, "core-keep", NULL);
	verbs = (given['p'] != NULL) + (given['r'] != NULL) + (given['c'] != NULL);
	if (verbs != 1 || argc - optind != (given['c'] != NULL ? 2 : 1) ||
	    (given['p'] == NULL && (given['C'] || given['k'] || given['P'])) ||
	    (given['c'] != NULL && (given['u'] == NULL || given['n'] != NULL)) ||
	    (given['r'] != NULL && (given['t'] || given['u'])))
		exit(usage(stderr, 2));
	if (given['b'] != NULL)
		o->most = option_part('b', given['b'], 0);
	if (given['F'] != NULL)
		o->spare = option_part('F', given['F'], 0);
	if (given['k'] != NULL && (o->keep.all = strcmp(given['k'], "all") == 0) == 0 &&
	    strcmp(given['k'], "foreign") != 0)
		errx(2, "-k %s: neither foreign nor all", given['k']);
	if (given['p'] != NULL)
		o->process.pid = (pid_t)option_id('p', given['p'], 1, INT32_MAX, "process ID");
	if (given['P'] != NULL)
		o->process.pidfd = (int)option_number('P', given['P'], 0, INT32_MAX, "");
	if (given['C'] != NULL) {
		o->process.uid = (uint32_t)option_id('C', given['C'], 0, UINT32_MAX, "user ID");
		o->user_of = 1;
	}
	o->keep.ms = 1000 * (int64_t)(given['t'] == NULL ? SECONDS :
	    option_number('t', given['t'], 1, 3600, " of seconds"));
	o->user = given['u'] != NULL ? given['u'] : USER;
	o->keep.only_say = o->keep.budget.only_say = given['n'] != NULL;
	o->show = given['v'] != NULL;
	o->reduce = given['r'] != NULL;
	o->give.record = given['c'];
}

/* Asking who a user is may take its time. */
static void
find_user(struct options *o)
{
	if (owner_resolve(o->user, &o->keep.uid, &o->keep.gid) < 0)
		errx(2, "-u %s: no such user", o->user);
}

/* Finds how many bytes there may be in the directory; one that is not there yet has the least. */
static void
find_budget(struct options *o, const char *dir)
{
	o->keep.budget.most = disk_part_bytes_of(&o->most, dir);
	o->keep.budget.spare = disk_part_bytes_of(&o->spare, dir);
}

/* While the kernel holds the process nothing is done but to open its files. */
static int
keep(struct options *o, const char *dir)
{
	static struct kept_held held;
	struct kept_store store;
	size_t lost;
	int rc, why;

	io_close_others(o->process.pidfd);
	io_most_files();
	if (o->user_of && (o->process.dumped = proc_hold(o->process.pid)) < 0)
		err(2, "pid %ld", (long)o->process.pid);
	rc = kept_hold(&held, &o->process);
	why = errno;
	/* The kernel waits until nobody has the core open any more. */
	io_close(STDIN_FILENO);
	if (io_std() < 0)
		err(2, "/dev/null");
	errno = why;
	if (rc < 0)
		err(2, "pid %ld: its files", (long)o->process.pid);
	kept_hold_wait(&held, &o->process, HELD_MS);
	find_user(o);
	setpriority(PRIO_PROCESS, 0, 19);
	find_budget(o, dir);
	if (kept_store_open(&store, AT_FDCWD, dir) < 0)
		err(2, "%s/%s", dir, KEPT_DIR);
	lost = kept_keep(&store, &held, &o->keep);
	if (held.shared->cut)
		warnx("pid %ld: more modules than %d: the others are not kept",
		    (long)o->process.pid, KEPT_MODULES);
	if (o->said > SAID && !o->show)
		warnx("... and %zu lines more", o->said - SAID);
	kept_store_close(&store);
	lost += held.shared->cut != 0;
	kept_hold_close(&held);
	return lost > 0;
}

static int
reduce(struct options *o, const char *dir)
{
	const struct kept_new none = { .more = 0 };
	struct kept_store store;
	int rc;

	find_budget(o, dir);
	if (kept_store_open(&store, AT_FDCWD, dir) < 0)
		err(2, "%s/%s", dir, KEPT_DIR);
	if (store.modules < 0)
		return 0;
	if (!o->keep.only_say && kept_store_lock(&store, KEPT_LOCK_MS) < 0)
		err(2, "%s/%s: lock", dir, KEPT_DIR);
	rc = kept_make_room(&store, &o->keep.budget, &none);
	if (rc < 0 && errno != ENOSPC)
		err(2, "%s/%s", dir, KEPT_DIR);
	kept_store_close(&store);
	return 0;
}

static int
give(struct options *o, const char *from, const char *to)
{
	int lost;

	find_user(o);
	find_budget(o, to);
	lost = kept_give(&o->give, &o->keep, from, to);
	if (lost < 0)
		err(2, "%s", o->give.record);
	return lost > 0;
}

int
main(int argc, char **argv)
{
	static struct options o = { .process = { .pidfd = -1, .dumped = -1 } };
	int status;

	if (io_std() < 0)
		err(2, "/dev/null");
	o.keep.arg = o.keep.budget.arg = &o;
	o.keep.kept = tell_kept;
	o.keep.tell = tell_file;
	o.keep.budget.removed = tell_removed;
	take_options(&o, argc, argv);
	if (o.reduce)
		status = reduce(&o, argv[optind]);
	else if (o.give.record != NULL)
		status = give(&o, argv[optind], argv[optind + 1]);
	else
		status = keep(&o, argv[optind]);
	if (ferror(stdout) || fflush(stdout) != 0 || io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: write");
	return status;
}
