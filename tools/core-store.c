/* core-store - make a file appear whole, durable and private, or not at all */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io.h"
#include "owner_linux.h"
#include "stages.h"
#include "store_linux.h"

struct options {
	uid_t uid;
	gid_t gid;
	mode_t mode;
	int flags;	/* of store_publish */
};

static int
usage(FILE *to, int status)
{
	fputs("usage: core-store [-fhSV] [-M MODE] [-o OWNER[:GROUP]] FILE\n"
	      "                  [COMMAND [ARG ...] ['|' COMMAND [ARG ...]] ...]\n",
	    to);
	return fflush(to) == 0 ? status : 2;
}

/* An octal mode of permission bits alone. */
static int
parse_mode(const char *text, mode_t *mode)
{
	char *end;
	long n = strtol(text, &end, 8);

	if (*text < '0' || *text > '7' || *end != '\0' || n > 0777)
		return -1;
	*mode = (mode_t)n;
	return 0;
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

	if (fstat(s->fd, &st) < 0 || st.st_size == 0) {
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

static int
store(const char *path, struct stages *p, const struct options *o)
{
	struct store s;
	int status = 0;

	if (store_open(&s, path) < 0)
		err(2, "%s", path);
	if (store_taken(&s, o->flags)) {
		warnx("%s: %s", path,
		    o->flags & STORE_REPLACE ? "not a regular file" : strerror(EEXIST));
		status = 2;
	} else if (store_protect(&s, o->uid, o->gid, o->mode) < 0) {
		warn("%s: owner or mode", path);
		status = 2;
	} else if (stages_start(p, s.fd) < 0) {
		warn("no process or pipe");
		status = keep_partial(&s, o, path);
	} else {
		int sig = stages_wait(p);

		if (sig != 0)
			warnx("%s: ended by signal %d (%s)", path, sig, strsignal(sig));
		if (report(p) > 0 || sig != 0) {
			status = keep_partial(&s, o, path);
		} else if (publish(&s, "", o, path) < 0) {
			warn("%s", path);
			status = keep_partial(&s, o, path);
		}
	}
	store_close(&s);
	return status;
}

int
main(int argc, char **argv)
{
	struct options o = { .uid = (uid_t)-1, .gid = (gid_t)-1, .mode = 0600, .flags = STORE_SYNC };
	struct stages p;
	int c;

	if (io_std() < 0)
		return 2;
	/* "+": the options of the stages are theirs. */
	while ((c = getopt(argc, argv, "+fhM:o:SV")) != -1) {
		switch (c) {
		case 'f':
			o.flags |= STORE_REPLACE;
			break;
		case 'h':
			return usage(stdout, 0);
		case 'M':
			if (parse_mode(optarg, &o.mode) < 0)
				errx(2, "-M %s: not an octal mode up to 777", optarg);
			break;
		case 'o':
			if (owner_parse(optarg, &o.uid, &o.gid) < 0)
				errx(2, "-o %s: no such user or group", optarg);
			break;
		case 'S':
			o.flags &= ~STORE_SYNC;
			break;
		case 'V':
			puts("core-store " VERSION);
			return fflush(stdout) == 0 ? 0 : 2;
		default:
			return usage(stderr, 2);
		}
	}
	if (argc == optind)
		return usage(stderr, 2);
	if (stages_split(&p, argv + optind + 1) < 0)
		errx(2, "stages: an empty one, or over %d", STAGES_MAX);
	stages_block();
	return store(argv[optind], &p, &o);
}
