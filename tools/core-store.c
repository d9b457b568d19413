/* core-store - make a file appear whole, durable and private, or not at all */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "options.h"
#include "store/in_use.h"
#include "store/job.h"
#include "store/messages.h"
#include "store/queue.h"
#include "store/store.h"
#include "system/owner.h"

#define MOST_SECONDS (7 * 24 * 3600)
/* How long a place is waited for unless -w says. */
#define WAIT_SECONDS 60

struct options {
	struct job job;		/* wait -1: as usual */
	uint64_t input;		/* bytes that are read, 0: any */
	int tell_status;	/* with -E */
	const char *user;	/* of the stages, NULL: ours */
	int seconds;		/* that the stages may take, 0: any */
	int for_file;		/* the last option that standard output cannot have, or 0 */
};

static int
usage(FILE *to, int status)
{
	fputs("usage: core-store [-dfhSV] [-e FD | -E FD] [-F PART] [-l FD] [-M MODE] [-m PART]\n"
	      "                  [-o OWNER[:GROUP]] [-q N [-w SECONDS]] [-r BYTES] [-t SECONDS]\n"
	      "                  [-u USER] FILE\n"
	      "                  [[-u USER] COMMAND [ARG ...]\n"
	      "                  ['|' [-u USER] COMMAND [ARG ...]] ...]\n"
	      "       core-store -l FD [-w SECONDS]\n",
	    to);
	return fflush(to) == 0 ? status : 2;
}

/*
 * With -e and -E what there is to say is kept until the end, and goes to report_to; -1: to standard
 * error.
 */
static struct messages messages;
static int report_to = -1;

/* Keeps what the stages say. */
static void
keep(void *arg, const char *text, size_t n)
{
	(void)arg;
	messages_take(&messages, text, n);
}

/* Says all that was kept, and the status unless only -e was given; returns the status. */
static int
tell(const struct options *o, int status)
{
	/* A reader that has gone changes nothing of what was stored. */
	signal(SIGPIPE, SIG_IGN);
	if (messages_write(&messages, report_to, o->tell_status ? status : -1) < 0)
		warn("descriptor %d: write", report_to);
	return status;
}

static void
say(const char *text)
{
	if (report_to < 0)
		warnx("%s", text);
	else
		messages_line(&messages, "core-store: ", text);
}

/* Reads the options of the file; the last of them in for_file. */
static void
read_file_options(struct options *o, const char *given[128])
{
	struct job *j = &o->job;

	for (const char *p = "wdFfMmoqS"; *p != '\0'; p++)
		if (given[(int)*p] != NULL)
			o->for_file = *p;
	j->whole_only = given['d'] != NULL;
	if (given['f'] != NULL)
		j->flags |= STORE_REPLACE;
	if (given['S'] != NULL)
		j->flags &= ~STORE_SYNC;
	if (given['F'] != NULL)
		j->spare = option_part('F', given['F'], 1);
	if (given['m'] != NULL)
		j->most = option_part('m', given['m'], 1);
	option_mode('M', given['M'], &j->mode);
	option_owner('o', given['o'], &j->uid, &j->gid);
	if (given['q'] != NULL)
		j->places = (int)option_number('q', given['q'], 1, QUEUE_PLACES, "");
	if (given['w'] != NULL)
		j->wait = (int)option_number('w', given['w'], 0, MOST_SECONDS, "");
}

static void
read_options(struct options *o, const char *given[128])
{
	int letter = given['E'] != NULL ? 'E' : 'e';

	read_file_options(o, given);
	if (given[letter] != NULL) {
		report_to = (int)option_number(letter, given[letter], 2, INT_MAX, "");
		if (fcntl(report_to, F_GETFD) < 0)
			err(2, "-%c %d", letter, report_to);
		o->tell_status = letter == 'E';
	}
	if (given['l'] != NULL)
		o->job.marked = (int)option_number('l', given['l'], 0, INT_MAX, "");
	if (given['r'] != NULL)
		o->input = option_size('r', given['r'], 1);
	if (given['t'] != NULL)
		o->seconds = (int)option_number('t', given['t'], 1, MOST_SECONDS, "");
	o->user = given['u'];
}

/* Reads the stages from the words. */
static void
read_stages(struct stages *p, char **words, const char *user)
{
	uid_t uid;
	gid_t gid;

	if (stages_split(p, words, user) < 0)
		errx(2, "stages: an empty one, or over %d", STAGES_MAX);
	for (int i = 0; i < p->count; i++)
		if (p->stage[i].user != NULL &&
		    owner_resolve(p->stage[i].user, &uid, &gid) < 0)
			errx(2, "-u %s: no such user or group", p->stage[i].user);
}

/* Only -l, and -w: locks a file for whoever has started us. */
static int
hold(const struct options *o)
{
	if (queue_hold(o->job.marked, o->job.wait >= 0 ? o->job.wait : WAIT_SECONDS) == 0)
		return 0;
	if (errno == ETIMEDOUT)
		return 1;
	err(2, "-l %d", o->job.marked);
}

int
main(int argc, char **argv)
{
	struct options o = { .job = { .uid = (uid_t)-1, .gid = (gid_t)-1, .mode = 0600,
		.flags = STORE_SYNC, .marked = -1, .wait = -1, .say = say } };
	const char *given[128] = { NULL };
	struct stages p;
	const char *file;
	int status;

	o.job.most.most = UINT64_MAX;
	if (io_std() < 0)
		err(2, "/dev/null");
	/* "+": the options of the stages are theirs. */
	options_take(argc, argv, "+dE:e:F:fhl:M:m:o:q:r:St:u:Vw:", given, usage, "core-store",
	    NULL);
	read_options(&o, given);
	if (o.job.marked >= 0 && argc == optind && report_to < 0 &&
	    o.for_file == (o.job.wait >= 0 ? 'w' : 0))
		return hold(&o);
	if (argc == optind || (o.job.wait >= 0 && o.job.places == 0))
		return usage(stderr, 2);
	file = argv[optind];
	if (strcmp(file, "-") == 0 && o.for_file != 0)
		errx(2, "-%c: is for a file, not for standard output", o.for_file);
	if (o.job.marked >= 0 && in_use_mark(o.job.marked) < 0)
		err(2, "-l %d", o.job.marked);
	read_stages(&p, argv + optind + 1, o.user);
	if (o.input > 0)
		stages_limit_input(&p, o.input);
	p.seconds = o.seconds;
	p.said = report_to >= 0 ? keep : NULL;
	o.job.stages = &p;
	if (o.job.wait < 0)
		o.job.wait = WAIT_SECONDS;
	status = strcmp(file, "-") == 0 ? job_pass(&o.job) : job_store(&o.job, file);
	return report_to >= 0 ? tell(&o, status) : status;
}
