/* core-info - say what a core or a crashing process is; as a tap, pass the core on untouched */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core.h"
#include "core_lists.h"
#include "core_read.h"
#include "facts.h"
#include "image.h"
#include "io.h"
#include "number.h"
#include "proc_linux.h"
#include "record.h"

static int
usage(FILE *to, int status)
{
	fputs("usage: core-info [-ahjV] [FILE]\n"
	      "       core-info -d FD | -o FILE [-aj]\n"
	      "       core-info -p PID [-P FD] [-j]\n",
	    to);
	return fflush(to) == 0 ? status : 2;
}

static int
put_piece(void *arg, const char *text, size_t len)
{
	return io_write(*(int *)arg, text, len);
}

/* Writes the record to fd, with the lists of all's core unless that is NULL; 0, or -1 with errno. */
static int
put(const struct record *r, const struct core *all, int json, int fd)
{
	char *text = record_format(r, json);
	size_t len;
	int rc;

	if (text == NULL) {
		errno = ENOMEM;
		return -1;
	}
	/* The lists are the last members of the object. */
	len = strlen(text);
	rc = io_write(fd, text, all != NULL && json ? len - strlen("}\n") : len);
	free(text);
	if (rc == 0 && all != NULL) {
		rc = core_lists(all, json, put_piece, &fd);
		if (rc == 0 && json)
			rc = io_write(fd, "}\n", 2);
	}
	return rc;
}

static int
live(pid_t pid, int pidfd, int json)
{
	struct record r = { 0 };
	struct proc p;

	/* Asked before and after: a number that was given to another process in between shows. */
	if (pidfd >= 0 && proc_pidfd_is(pidfd, pid) != 1)
		errx(2, "pid %ld: not the process of descriptor %d", (long)pid, pidfd);
	if (proc_read(&p, pid) < 0)
		err(2, "pid %ld", (long)pid);
	if (pidfd >= 0 && proc_pidfd_is(pidfd, pid) != 1)
		errx(2, "pid %ld: gone while its facts were read", (long)pid);
	facts_process(&r, &p, pid);
	if (put(&r, NULL, json, STDOUT_FILENO) < 0 || io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: write");
	record_free(&r);
	return 0;
}

/* A file, which may be compressed: only what is needed of it is read. */
static int
from_image(struct core *c, int fd, const char *name, uint64_t *bytes)
{
	struct image *image;
	uint64_t at;
	int rc;

	if (image_open(&image, fd) < 0)
		return -1;
	rc = core_read_image(c, image, bytes);
	if (image_end(image, &at) != INFLATE_OK)
		warnx("%s: byte %" PRIu64 ": %s", name, at, inflate_words(image_end(image, &at)));
	image_close(image);
	return rc;
}

static int
from_file(const char *path, int lists, int json)
{
	const char *name = path == NULL || strcmp(path, "-") == 0 ? "<stdin>" : path;
	struct record r = { 0 };
	uint64_t bytes = 0;
	struct core c;
	int fd, rc, status = 0;

	if ((fd = io_open(path)) < 0)
		err(2, "%s", name);
	if (isatty(fd))
		errx(2, "%s: is a terminal: a core is not read from there", name);
	core_open(&c);
	rc = io_regular(fd) ? from_image(&c, fd, name, &bytes) : core_read_stream(&c, fd, -1, &bytes);
	if (rc < 0)
		err(2, "%s", name);
	if (!c.is_core) {
		warnx("%s: %s", name, bytes == 0 ? "empty" : c.bad != NULL ? c.bad : "cut short");
		status = 2;
	} else {
		if (c.bad != NULL)
			warnx("%s: %s", name, c.bad);
		facts_core(&r, &c, bytes);
		if (put(&r, lists ? &c : NULL, json, STDOUT_FILENO) < 0 || io_close(STDOUT_FILENO) < 0)
			err(2, "<stdout>: write");
	}
	record_free(&r);
	core_close(&c);
	return status;
}

/* Of the tap: what it reads once it is told to end. */
static int nothing;
static volatile sig_atomic_t told;

/*
 * Told to end, the tap reads the end of its input and goes on to write what it knows by then: the
 * kernel's pipe is closed by that, and a read that waits is interrupted.
 */
static void
end_input(int sig)
{
	int saved = errno;

	told = sig;
	dup2(nothing, STDIN_FILENO);
	errno = saved;
}

static void
heed_signals(void)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction act = { .sa_handler = end_input };

	if ((nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0)
		err(2, "/dev/null");
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct sigaction old;

		if (sigaction(ends[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(ends[i], &act, NULL);
	}
	/* The end of a later stage is a failed write: what has been seen is still to be said. */
	signal(SIGPIPE, SIG_IGN);
}

/*
 * Passes standard input on to standard output and writes the lines to fd, after both have been
 * closed: neither the kernel nor the next stage waits for them.
 */
static int
tap(int fd, int lists, int json)
{
	struct record r = { 0 };
	uint64_t bytes = 0;
	struct core c;
	int rc, status = 0;

	heed_signals();
	core_open(&c);
	rc = core_read_stream(&c, STDIN_FILENO, STDOUT_FILENO, &bytes);
	if (rc == CORE_READ_IN)
		warn("<stdin>");
	else if (rc == CORE_READ_OUT)
		warn("<stdout>: write");
	else if (told)
		warnx("<stdin>: ended by signal %d (%s)", (int)told, strsignal(told));
	status = rc == 0 && !told ? 0 : 2;
	if (io_close(STDOUT_FILENO) < 0 && status == 0) {
		warn("<stdout>: close");
		status = 2;
	}
	io_close(STDIN_FILENO);
	io_std();
	if (status == 0 && (!c.is_core || c.bad != NULL))
		warnx("<stdin>: %s: passed on all the same",
		    bytes == 0 ? "empty" : c.bad != NULL ? c.bad : "cut short");
	facts_core(&r, &c, bytes);
	/* What was passed on is passed on: a lost line is said, and no failure of the tap. */
	if (put(&r, lists ? &c : NULL, json, fd) < 0 || io_close(fd) < 0)
		warn("the lines were not written");
	record_free(&r);
	core_close(&c);
	return status;
}

int
main(int argc, char **argv)
{
	uint64_t pid = 0, n;
	int lists = 0, json = 0, fd = -1, pidfd = -1, c;
	const char *out = NULL;

	if (io_std() < 0)
		return 2;
	while ((c = getopt(argc, argv, "ad:hjo:P:p:V")) != -1) {
		switch (c) {
		case 'a':
			lists = 1;
			break;
		case 'd':
			if (number_parse(optarg, 0, INT32_MAX, &n) < 0)
				errx(2, "-d %s: not a descriptor", optarg);
			fd = (int)n;
			if (n < 2 || fcntl(fd, F_GETFD) < 0)
				errx(2, "-d %s: not an open descriptor of its own", optarg);
			break;
		case 'h':
			return usage(stdout, 0);
		case 'j':
			json = 1;
			break;
		case 'o':
			out = optarg;
			break;
		case 'P':
			if (number_parse(optarg, 0, INT32_MAX, &n) < 0)
				errx(2, "-P %s: not a descriptor", optarg);
			pidfd = (int)n;
			break;
		case 'p':
			if (number_parse(optarg, 1, INT32_MAX, &pid) < 0)
				errx(2, "-p %s: not a process ID", optarg);
			break;
		case 'V':
			puts("core-info " VERSION);
			return fflush(stdout) == 0 ? 0 : 2;
		default:
			return usage(stderr, 2);
		}
	}
	if (argc - optind > (pid == 0 && fd < 0 && out == NULL) || (pid != 0) + (fd >= 0) + (out != NULL) > 1 ||
	    (pid == 0 ? pidfd >= 0 : lists))
		return usage(stderr, 2);

	if (pid != 0)
		return live((pid_t)pid, pidfd, json);
	if (out != NULL &&
	    (fd = open(out, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0)
		err(2, "%s", out);
	if (fd >= 0)
		return tap(fd, lists, json);
	return from_file(argv[optind], lists, json);
}
