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
#include "store/queue.h"
#include "store/report.h"
#include "store/store.h"
#include "system/owner.h"

#define MOST_SECONDS (7 * 24 * 3600)
/* How long a place is waited for unless -w says. */
#define WAIT_SECONDS 60

struct options {
	struct job job;		/* wait -1: as usual */
	int tell_status;	/* with -E */
	const char *user;	/* of the stages, NULL: ours */
	int seconds;		/* that the stages may take, 0: any */
	int for_file;		/* the last option that standard output cannot have, or 0 */
};

static int
usage(FILE *to, int status)
{
	fputs("usage: core-store [-dfhSV] [-e FD | -E FD] [-F BYTES] [-l FD] [-M MODE] [-m BYTES]\n"
	      "                  [-o OWNER[:GROUP]] [-q N [-w SECONDS]] [-t SECONDS] [-u USER] FILE\n"
	      "                  [COMMAND [ARG ...] ['|' COMMAND [ARG ...]] ...]\n"
	      "       core-store -l FD [-w SECONDS]\n",
	    to);
	return fflush(to) == 0 ? status : 2;
}

/* With -e and -E what there is to say is kept until the end, and goes to report_to; -1: to standard error. */
static struct report report;
static int report_to = -1;

/* Keeps what the stages say. */
static void
keep(void *arg, const char *text, size_t n)
{
	(void)arg;
	report_take(&report, text, n);
}

/* Says all that was kept, and the status unless only -e was given; returns the status. */
static int
tell(const struct options *o, int status)
{
	/* A reader that has gone changes nothing of what was stored. */
	signal(SIGPIPE, SIG_IGN);
	if (report_write(&report, report_to, o->tell_status ? status : -1) < 0)
		warn("descriptor %d: write", report_to);
	return status;
}

static void
say(const char *text)
{
	if (report_to < 0)
		warnx("%s", text);
	else
		report_line(&report, "core-store: ", text);
}

/* Takes the options.  Returns -1, or the status to end with. */
static int
take_options(struct options *o, int argc, char **argv)
{
	uid_t uid;
	gid_t gid;
	int c;

	/* "+": the options of the stages are theirs. */
	while ((c = getopt(argc, argv, "+dE:e:F:fhl:M:m:o:q:St:u:Vw:")) != -1) {
		if (c != '?' && strchr("dFfMmoqSw", c) != NULL)
			o->for_file = c;
		switch (c) {
		case 'd':
			o->job.whole_only = 1;
			break;
		case 'E':
		case 'e':
			report_to = (int)option_number(c, optarg, 2, INT_MAX, "");
			if (fcntl(report_to, F_GETFD) < 0)
				err(2, "-%c %d", c, report_to);
			o->tell_status = c == 'E';
			break;
		case 'F':
			o->job.spare = option_size(c, optarg, 1);
			break;
		case 'f':
			o->job.flags |= STORE_REPLACE;
			break;
		case 'h':
			return usage(stdout, 0);
		case 'l':
			o->job.marked = (int)option_number(c, optarg, 0, INT_MAX, "");
			break;
		case 'M':
			if (owner_mode(optarg, &o->job.mode) < 0)
				errx(2, "-M %s: not an octal mode up to 777", optarg);
			break;
		case 'm':
			o->job.most = option_size(c, optarg, 1);
			break;
		case 'o':
			if (owner_parse(optarg, &o->job.uid, &o->job.gid) < 0)
				errx(2, "-o %s: no such user or group", optarg);
			break;
		case 'q':
			o->job.places = (int)option_number(c, optarg, 1, QUEUE_PLACES, "");
			break;
		case 'S':
			o->job.flags &= ~STORE_SYNC;
			break;
		case 't':
			o->seconds = (int)option_number(c, optarg, 1, MOST_SECONDS, "");
			break;
		case 'u':
			if (owner_parse(o->user = optarg, &uid, &gid) < 0)
				errx(2, "-u %s: no such user or group", optarg);
			break;
		case 'V':
			return option_version("core-store", NULL);
		case 'w':
			o->job.wait = (int)option_number(c, optarg, 0, MOST_SECONDS, "");
			break;
		default:
			return usage(stderr, 2);
		}
	}
	return -1;
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
	struct options o = { .job = { .uid = (uid_t)-1, .gid = (gid_t)-1, .mode = 0600, .flags = STORE_SYNC,
		.most = UINT64_MAX, .marked = -1, .wait = -1, .say = say } };
	struct stages p;
	const char *file;
	int status;

	if (io_std() < 0)
		return 2;
	if ((status = take_options(&o, argc, argv)) >= 0)
		return status;
	if (o.job.marked >= 0 && argc == optind && report_to < 0 && o.for_file == (o.job.wait >= 0 ? 'w' : 0))
		return hold(&o);
	if (argc == optind || (o.job.wait >= 0 && o.job.places == 0))
		return usage(stderr, 2);
	file = argv[optind];
	if (strcmp(file, "-") == 0 && o.for_file != 0)
		errx(2, "-%c: is for a file, not for standard output", o.for_file);
	if (o.job.marked >= 0 && in_use_mark(o.job.marked) < 0)
		err(2, "-l %d", o.job.marked);
	if (stages_split(&p, argv + optind + 1) < 0)
		errx(2, "stages: an empty one, or over %d", STAGES_MAX);
	p.user = o.user;
	p.seconds = o.seconds;
	p.said = report_to >= 0 ? keep : NULL;
	o.job.stages = &p;
	if (o.job.wait < 0)
		o.job.wait = WAIT_SECONDS;
	status = strcmp(file, "-") == 0 ? job_pass(&o.job) : job_store(&o.job, file);
	return report_to >= 0 ? tell(&o, status) : status;
}
