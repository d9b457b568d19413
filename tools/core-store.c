/* core-store - make a file appear whole, durable and private, or not at all */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/number.h"
#include "store/in_use.h"
#include "store/leftovers.h"
#include "store/pipeline.h"
#include "store/queue.h"
#include "store/room.h"
#include "store/store.h"
#include "system/owner.h"

#define MOST_SECONDS (7 * 24 * 3600)
/* How long a place is waited for unless -w says. */
#define WAIT_SECONDS 60

struct options {
	uid_t uid;
	gid_t gid;
	mode_t mode;
	int flags;		/* of store_publish */
	int whole_only;
	uint64_t most, spare;	/* bytes: of the file, of what stays free */
	int places, wait;	/* of the queue, 0: none; seconds */
	int marked;		/* the descriptor of -l, -1: none */
};

static int
usage(FILE *to, int status)
{
	fputs("usage: core-store [-dfhSV] [-F BYTES] [-l FD] [-M MODE] [-m BYTES] [-o OWNER[:GROUP]]\n"
	      "                  [-q N [-w SECONDS]] [-t SECONDS] [-u USER] FILE\n"
	      "                  [COMMAND [ARG ...] ['|' COMMAND [ARG ...]] ...]\n"
	      "       core-store -l FD [-w SECONDS]\n",
	    to);
	return fflush(to) == 0 ? status : 2;
}

/* Names each stage that failed; returns how many did. */
static int
report(const struct stages *p)
{
	int failed = 0;

	for (int i = 0; i < p->count; i++) {
		const struct stage *s = &p->stage[i];
		const char *name = s->argv[0] != NULL ? s->argv[0] : "copy";

		if (stage_ok(s))
			continue;
		failed++;
		if (s->error != 0)
			warnx("%s: not started: %s", name, strerror(s->error));
		else if (s->argv[0] == NULL && WIFEXITED(s->status))
			warnx("%s: %s", name, strerror(WEXITSTATUS(s->status)));
		else if (WIFSIGNALED(s->status))
			warnx("%s: killed by signal %d (%s)", name, WTERMSIG(s->status),
			    strsignal(WTERMSIG(s->status)));
		else
			warnx("%s: exit status %d", name, WEXITSTATUS(s->status));
	}
	return failed;
}

/* Gives the file its name; 0, or -1 with errno when it has none. */
static int
publish(struct store *s, const char *suffix, const struct options *o, const char *path)
{
	int rc = store_publish(s, suffix, o->flags);

	if (rc == 1)
		warn("%s%s: stored, but its directory was not synced", path, suffix);
	return rc;
}

/* Keeps what is there under the name of a partial file; returns the exit status. */
static int
keep_partial(struct store *s, const struct options *o, const char *path)
{
	struct stat st;

	if (fstat(s->fd, &st) < 0 || st.st_size == 0 || o->whole_only) {
		warnx("%s: nothing was stored", path);
		return 2;
	}
	if (publish(s, STORE_PARTIAL, o, path) < 0) {
		warn("%s%s: nothing was stored", path, STORE_PARTIAL);
		return 2;
	}
	warnx("%s%s: kept: not whole", path, STORE_PARTIAL);
	return 1;
}

static uint64_t
limit(void *room)
{
	return room_now(room);
}

/* Waits for the stages; whether all did their work, else says which did not. */
static int
done(struct stages *p, const char *path)
{
	int sig = stages_wait(p);

	if (sig == SIGALRM)
		warnx("%s: not done in %d s", path, p->seconds);
	else if (sig != 0)
		warnx("%s: ended by signal %d (%s)", path, sig, strsignal(sig));
	return report(p) == 0 && sig == 0;
}

/* FILE is "-": all goes to standard output, where nothing can be taken back. */
static int
pass(struct stages *p, const struct options *o)
{
	stages_block();
	if (stages_start(p, STDOUT_FILENO) < 0)
		err(2, "no process or pipe");
	if (o->marked >= 0)
		fsync(o->marked);
	if (!done(p, "<stdout>"))
		return 2;
	if (io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: write");
	return 0;
}

static int
store(const char *path, struct stages *p, const struct options *o)
{
	struct store s;
	struct room room = { .most = o->most, .spare = o->spare, .queue = -1, .places = o->places };
	int hidden, status = 0;

	if (o->most != UINT64_MAX || o->spare > 0) {
		p->limit = limit;
		p->limit_arg = &room;
	}
	if (store_open(&s, path) < 0)
		err(2, "%s", path);
	room.fd = s.fd;
	if (store_open_to_all(&s))
		warnx("%s: everyone may write to its directory", path);
	/* Here leftovers may be large, and in the way of this one; elsewhere they can wait until it is done. */
	hidden = s.hidden[0] != '\0';
	if (hidden && (o->flags & STORE_SYNC))
		leftovers_remove(s.dir);
	if (store_taken(&s, o->flags)) {
		warnx("%s: %s", path, o->flags & STORE_REPLACE ? "not a regular file" : strerror(EEXIST));
		status = 2;
	} else if (store_protect(&s, o->uid, o->gid, o->mode) < 0) {
		warn("%s: owner or mode", path);
		status = 2;
	} else if (o->places > 0 && (room.queue = queue_enter(s.dir, o->places, o->wait)) < 0) {
		if (errno == ETIMEDOUT)
			warnx("%s: no place in %d s among the %d that store at once", path, o->wait, o->places);
		else
			warn("%s: queue", path);
		status = 2;
	} else if (room_join(&room), stages_block(), stages_start(p, s.fd) < 0) {
		warn("no process or pipe");
		status = keep_partial(&s, o, path);
	} else {
		/* It was made in a hurry, and has nothing to wait for any more. */
		if (o->marked >= 0 && (o->flags & STORE_SYNC))
			fsync(o->marked);
		if (!done(p, path)) {
			status = keep_partial(&s, o, path);
		} else if (publish(&s, "", o, path) < 0) {
			warn("%s", path);
			status = keep_partial(&s, o, path);
		}
	}
	if (!hidden && (o->flags & STORE_SYNC))
		leftovers_remove(s.dir);
	store_close(&s);
	return status;
}

static int
number(int letter, uint64_t least, uint64_t most)
{
	uint64_t n;

	if (number_parse(optarg, least, most, &n) < 0)
		errx(2, "-%c %s: not a number from %" PRIu64 " to %" PRIu64, letter, optarg, least, most);
	return (int)n;
}

static uint64_t
bytes(int letter)
{
	uint64_t n;

	if (number_size(optarg, 1, INT64_MAX, &n) < 0)
		errx(2, "-%c %s: not a size in bytes, such as 512, 64K or 8M", letter, optarg);
	return n;
}

int
main(int argc, char **argv)
{
	struct options o = { .uid = (uid_t)-1, .gid = (gid_t)-1, .mode = 0600, .flags = STORE_SYNC,
		.most = UINT64_MAX, .marked = -1 };
	const char *user = NULL;
	struct stages p;
	int seconds = 0, wait = -1, files = 0, c;
	uid_t uid;
	gid_t gid;

	if (io_std() < 0)
		return 2;
	/* "+": the options of the stages are theirs. */
	while ((c = getopt(argc, argv, "+dF:fhl:M:m:o:q:St:u:Vw:")) != -1) {
		if (c != '?' && strchr("dFfMmoqSw", c) != NULL)
			files = c;
		switch (c) {
		case 'd':
			o.whole_only = 1;
			break;
		case 'F':
			o.spare = bytes(c);
			break;
		case 'f':
			o.flags |= STORE_REPLACE;
			break;
		case 'h':
			return usage(stdout, 0);
		case 'l':
			o.marked = number(c, 0, INT_MAX);
			break;
		case 'M':
			if (owner_mode(optarg, &o.mode) < 0)
				errx(2, "-M %s: not an octal mode up to 777", optarg);
			break;
		case 'm':
			o.most = bytes(c);
			break;
		case 'o':
			if (owner_parse(optarg, &o.uid, &o.gid) < 0)
				errx(2, "-o %s: no such user or group", optarg);
			break;
		case 'q':
			o.places = number(c, 1, QUEUE_PLACES);
			break;
		case 'S':
			o.flags &= ~STORE_SYNC;
			break;
		case 't':
			seconds = number(c, 1, MOST_SECONDS);
			break;
		case 'u':
			if (owner_parse(user = optarg, &uid, &gid) < 0)
				errx(2, "-u %s: no such user or group", optarg);
			break;
		case 'V':
			puts("core-store " VERSION);
			return fflush(stdout) == 0 ? 0 : 2;
		case 'w':
			wait = number(c, 0, MOST_SECONDS);
			break;
		default:
			return usage(stderr, 2);
		}
	}
	o.wait = wait >= 0 ? wait : WAIT_SECONDS;
	if (o.marked >= 0 && argc == optind && files == (wait >= 0 ? 'w' : 0)) {
		if (queue_hold(o.marked, o.wait) == 0)
			return 0;
		return errno == ETIMEDOUT ? 1 : (warn("-l %d", o.marked), 2);
	}
	if (argc == optind || (wait >= 0 && o.places == 0))
		return usage(stderr, 2);
	if (strcmp(argv[optind], "-") == 0 && files != 0)
		errx(2, "-%c: is for a file, not for standard output", files);
	if (o.marked >= 0 && in_use_mark(o.marked) < 0)
		err(2, "-l %d", o.marked);
	if (stages_split(&p, argv + optind + 1) < 0)
		errx(2, "stages: an empty one, or over %d", STAGES_MAX);
	p.user = user;
	p.seconds = seconds;
	return strcmp(argv[optind], "-") == 0 ? pass(&p, &o) : store(argv[optind], &p, &o);
}
