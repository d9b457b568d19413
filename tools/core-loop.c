/* core-loop - count the crashes of a program that crashes again and again, in place of more cores */
#define _XOPEN_SOURCE 700
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/age.h"
#include "base/io.h"
#include "base/number.h"
#include "dumps/loops.h"
#include "store/store.h"
#include "system/owner.h"

/* The most bytes of a record that are kept. */
#define RECORD_MOST (256u * 1024)
/* What core-loop itself says in a record, at its end. */
#define COUNT_LINE "\nloop_count="
/* How many names are tried. */
#define TRIES 1000

struct options {
	const char *dir, *name, *key;
	uint32_t most, seconds;
	uid_t uid;
	gid_t gid;
	mode_t mode;
	int count_only;		/* no record is read or kept, and there is no name */
};

static int
usage(FILE *to, int status)
{
	fputs("usage: core-loop [-hV] [-k N] [-M MODE] [-o OWNER[:GROUP]] [-w SECONDS] KEY DIR NAME\n"
	      "       core-loop -c [-k N] [-w SECONDS] KEY DIR\n",
	    to);
	return fflush(to) == 0 ? status : 2;
}

/* The record that is kept of the others, as it is now; "" when there is none. */
static void
read_kept(int dir, const char *name, char *text)
{
	char path[NAME_MAX + 8];
	int fd, n = snprintf(path, sizeof(path), "%s.txt", name);
	ssize_t len = -1;

	*text = '\0';
	if (*name == '\0' || n > NAME_MAX)
		return;
	if ((fd = openat(dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)) < 0)
		return;
	if (io_regular(fd))
		len = io_pread(fd, text, RECORD_MOST, 0);
	io_close(fd);
	text[len > 0 ? len : 0] = '\0';
	if (strstr(text, COUNT_LINE) == NULL)
		*text = '\0';
}

/* Stores the record under that name; 0, or -1 with errno. */
static int
put(const struct options *o, const char *name, const char *text, int flags)
{
	char path[PATH_MAX];
	struct store s;
	int rc = -1;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s.txt", o->dir, name) >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (store_open(&s, path) < 0)
		return -1;
	if (store_protect(&s, o->uid, o->gid, o->mode) == 0 && io_write(s.fd, text, strlen(text)) == 0)
		rc = store_publish(&s, "", flags) < 0 ? -1 : 0;
	store_close(&s);
	return rc;
}

/* Stores a first record under a name of its own, which is put into kept; 0, or -1 with errno. */
static int
put_first(const struct options *o, const char *text, char *kept)
{
	int rc = -1;

	for (int i = 0; i < TRIES && rc < 0; i++) {
		char end[16] = "";

		if (i > 0)
			snprintf(end, sizeof(end), "-%d", i);
		if (snprintf(kept, NAME_MAX + 1, "%s%s", o->name, end) > NAME_MAX) {
			errno = ENAMETOOLONG;
			break;
		}
		rc = put(o, kept, text, STORE_SYNC);
		if (rc < 0 && errno != EEXIST)
			break;
	}
	if (rc < 0)
		*kept = '\0';
	return rc;
}

/* Counts one that is not stored in the record of its kind, or in a first one; 0, or -1 with errno. */
static int
keep(const struct options *o, int dir, const char *record, struct loop *l)
{
	char *text = malloc(RECORD_MOST + 256);
	char now[AGE_TIME] = "";
	int rc, first;

	if (text == NULL)
		return -1;
	read_kept(dir, l->name, text);
	first = *text == '\0';
	if (first)
		strcpy(text, record);
	else
		*strstr(text, COUNT_LINE) = '\0';
	age_ago("0s", now);
	/* The newline of the last line is COUNT_LINE's. */
	sprintf(text + strlen(text), COUNT_LINE "%" PRIu64 "\nloop_last=%s\nstored=no\ncomplete=no\n", l->count - o->most, now);
	rc = first ? put_first(o, text, l->name) : put(o, l->name, text, STORE_SYNC | STORE_REPLACE);
	free(text);
	return rc;
}

/* The record on standard input, without its last newline. */
static char *
read_record(void)
{
	char *text = malloc(RECORD_MOST);
	ssize_t n = text == NULL ? -1 : io_read(STDIN_FILENO, text, RECORD_MOST);

	if (n < 0)
		err(2, "<stdin>");
	if (n < 6 || n == (ssize_t)RECORD_MOST || memcmp(text, "uuid=", 5) != 0 || text[n - 1] != '\n' ||
	    memchr(text, '\0', (size_t)n) != NULL)
		errx(2, "<stdin>: not the lines of a record");
	text[n - 1] = '\0';
	return text;
}

static int
count(const struct options *o)
{
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
	one = loops_one(&l, o->key, o->seconds);
	if (one->count > o->most && o->count_only) {
		printf("%" PRIu64 "\n", one->count - o->most);
		status = 1;
	} else if (one->count > o->most) {
		if (keep(o, dir, record, one) < 0)
			err(2, "%s/%s.txt", o->dir, o->name);
		printf("%s %" PRIu64 "\n", one->name, one->count - o->most);
		status = 1;
	}
	if (loops_save(&l) < 0)
		err(2, "%s/%s", o->dir, LOOPS_FILE);
	io_close(dir);
	free(record);
	if (fflush(stdout) != 0)
		err(2, "<stdout>: write");
	return status;
}

static uint32_t
number(int letter, uint32_t most)
{
	uint64_t n;

	if (number_parse(optarg, 1, most, &n) < 0)
		errx(2, "-%c %s: not a number from 1 to %" PRIu32, letter, optarg, most);
	return (uint32_t)n;
}

/* What can be counted: no name of a file without a name, no key that breaks the lines of the counts. */
static void
check(const struct options *o)
{
	if (*o->name == '\0' || strchr(o->name, '/') != NULL || strchr(o->name, '\t') != NULL || strchr(o->name, '\n') != NULL)
		errx(2, "the name: empty, or has a slash, a tab or a newline");
	if (*o->key == '\0' || strchr(o->key, '\t') != NULL || strchr(o->key, '\n') != NULL)
		errx(2, "the key: empty, or has a tab or a newline");
}

int
main(int argc, char **argv)
{
	struct options o = { .most = 5, .seconds = 600, .uid = (uid_t)-1, .gid = (gid_t)-1, .mode = 0600 };
	int record = 0, c;

	if (io_std() < 0)
		return 2;
	while ((c = getopt(argc, argv, "chk:M:o:Vw:")) != -1) {
		if (c == 'M' || c == 'o')
			record = c;
		switch (c) {
		case 'c':
			o.count_only = 1;
			break;
		case 'h':
			return usage(stdout, 0);
		case 'k':
			o.most = number(c, UINT32_MAX);
			break;
		case 'M':
			if (owner_mode(optarg, &o.mode) < 0)
				errx(2, "-M %s: not an octal mode up to 777", optarg);
			break;
		case 'o':
			if (owner_parse(optarg, &o.uid, &o.gid) < 0)
				errx(2, "-o %s: no such user or group", optarg);
			break;
		case 'V':
			puts("core-loop " VERSION);
			return fflush(stdout) == 0 ? 0 : 2;
		case 'w':
			o.seconds = number(c, UINT32_MAX);
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
