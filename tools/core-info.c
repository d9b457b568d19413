/* core-info - say what a core or a crashing process is; as a tap, pass the core on untouched */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "core.h"
#include "core_read.h"
#include "elf_id.h"
#include "io.h"
#include "number.h"
#include "proc_linux.h"
#include "record.h"
#include "signals.h"

static int
usage(FILE *to, int status)
{
	fputs("usage: core-info [-hjV] [FILE]\n"
	      "       core-info -d FD | -o FILE [-j]\n"
	      "       core-info -p PID [-P FD] [-j]\n",
	    to);
	return fflush(to) == 0 ? status : 2;
}

/* The first lines of every record: whose binary it is. */
static void
put_identity(struct record *r, const struct elf_id *id)
{
	char text[ELF_ID_TEXT_MAX] = "", hex[2 * ELF_ID_BUILD_ID_MAX + 1];
	const char *from;
	size_t n = id == NULL ? 0 : elf_id_uuid(id, text, &from);

	record_bytes(r, "uuid", text, n);
	record_number(r, "record", 1);
	if (n > 0)
		record_text(r, "uuid_from", from);
	if (id != NULL && elf_id_build_id(id, hex) > 0)
		record_text(r, "build_id", hex);
}

/*
 * The identity of a core's executable: from its image in the core, and the .uuid section, which
 * is not loaded, from the file of that path when it has the same build-id.
 */
static int
identify(struct core *c, struct elf_id *id)
{
	struct elf_id file;
	struct stat st;
	int fd, same = 0;

	if (core_identity(c, id) < 0)
		return -1;
	if (id->build_id_len == 0 || c->exe[0] != '/')
		return 0;
	if ((fd = open(c->exe, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)) < 0)
		return 0;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    elf_id_read(fd, ELF_ID_SECTION, &file) == ELF_ID_OK)
		same = file.build_id_len == id->build_id_len &&
		    memcmp(file.build_id, id->build_id, id->build_id_len) == 0;
	if (same) {
		memcpy(id->section, file.section, file.section_len);
		id->section_len = file.section_len;
	}
	io_close(fd);
	return 0;
}

/* What the core says, of which bytes have come. */
static void
describe_core(struct record *r, struct core *c, uint64_t bytes)
{
	struct elf_id id;
	size_t args;

	put_identity(r, identify(c, &id) == 0 ? &id : NULL);
	if (c->has_psinfo) {
		record_number(r, "pid", c->pid);
		record_number(r, "uid", c->uid);
		record_number(r, "gid", c->gid);
	}
	if (c->has_signal && c->signal != 0) {
		record_number(r, "signal", c->signal);
		if (signal_name(c->signal) != NULL)
			record_text(r, "signame", signal_name(c->signal));
	}
	if (c->has_psinfo)
		record_text(r, "comm", c->comm);
	if (c->exe[0] != '\0')
		record_text(r, "exe", c->exe);
	if (c->has_psinfo) {
		args = strlen(c->args);
		while (args > 0 && c->args[args - 1] == ' ')
			args--;
		record_bytes(r, "cmdline", c->args, args);
	}
	if (c->threads > 0)
		record_number(r, "threads", c->threads);
	record_number(r, "bytes", bytes);
	if (c->is_core)
		record_number(r, "promised", c->promised);
	record_flag(r, "complete", c->is_core && c->bad == NULL && bytes >= c->promised);
}

/* The lines of a process that the kernel holds; what it does not tell is left out. */
static void
describe_process(struct record *r, const struct proc *p, pid_t pid)
{
	char text[32] = "";
	struct utsname host;
	time_t now = time(NULL);
	struct tm tm;

	put_identity(r, p->has_id ? &p->id : NULL);
	record_number(r, "pid", (uint64_t)pid);
	if (p->nspid != 0 && p->nspid != (uint32_t)pid)
		record_number(r, "nspid", p->nspid);
	if (p->has_status) {
		record_number(r, "uid", p->uid);
		record_number(r, "gid", p->gid);
	}
	if (p->comm_len > 0)
		record_bytes(r, "comm", p->comm, p->comm_len);
	if (p->exe_len > 0)
		record_bytes(r, "exe", p->exe, p->exe_len);
	if (p->exe_deleted)
		record_flag(r, "exe_deleted", 1);
	if (p->cmdline_len > 0)
		record_bytes(r, "cmdline", p->cmdline, p->cmdline_len);
	if (p->threads > 0)
		record_number(r, "threads", p->threads);
	if (gmtime_r(&now, &tm) != NULL && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		record_text(r, "time", text);
	if (uname(&host) == 0)
		record_text(r, "host", host.nodename);
}

/* Writes the record to fd; returns 0, or -1 with errno. */
static int
put(const struct record *r, int json, int fd)
{
	char *text = record_format(r, json);
	int rc;

	if (text == NULL) {
		errno = ENOMEM;
		return -1;
	}
	rc = io_write(fd, text, strlen(text));
	free(text);
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
	describe_process(&r, &p, pid);
	if (put(&r, json, STDOUT_FILENO) < 0 || io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: write");
	record_free(&r);
	return 0;
}

static int
from_file(const char *path, int json)
{
	const char *name = path == NULL || strcmp(path, "-") == 0 ? "<stdin>" : path;
	struct record r = { 0 };
	uint64_t bytes = 0;
	struct stat st;
	struct core c;
	int fd, rc, status = 0;

	if ((fd = io_open(path)) < 0)
		err(2, "%s", name);
	if (isatty(fd))
		errx(2, "%s: is a terminal: a core is not read from there", name);
	core_open(&c);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		rc = core_read_file(&c, fd, &bytes);
	else
		rc = core_read_stream(&c, fd, -1, &bytes);
	if (rc < 0)
		err(2, "%s", name);
	if (!c.is_core) {
		warnx("%s: %s", name, bytes == 0 ? "empty" : c.bad != NULL ? c.bad : "cut short");
		status = 2;
	} else {
		if (c.bad != NULL)
			warnx("%s: %s", name, c.bad);
		describe_core(&r, &c, bytes);
		if (put(&r, json, STDOUT_FILENO) < 0 || io_close(STDOUT_FILENO) < 0)
			err(2, "<stdout>: write");
	}
	record_free(&r);
	core_close(&c);
	return status;
}

/*
 * Passes standard input on to standard output and writes the lines to fd, after both have been
 * closed: neither the kernel nor the next stage waits for them.
 */
static int
tap(int fd, int json)
{
	struct record r = { 0 };
	uint64_t bytes = 0;
	struct core c;
	int rc, status = 0;

	/* The end of a later stage is a failed write: what has been seen is still to be said. */
	signal(SIGPIPE, SIG_IGN);
	core_open(&c);
	rc = core_read_stream(&c, STDIN_FILENO, STDOUT_FILENO, &bytes);
	if (rc == CORE_READ_IN)
		warn("<stdin>");
	else if (rc == CORE_READ_OUT)
		warn("<stdout>: write");
	status = rc == 0 ? 0 : 2;
	if (io_close(STDOUT_FILENO) < 0 && status == 0) {
		warn("<stdout>: close");
		status = 2;
	}
	io_close(STDIN_FILENO);
	io_std();
	if (status == 0 && (!c.is_core || c.bad != NULL))
		warnx("<stdin>: %s: passed on all the same",
		    bytes == 0 ? "empty" : c.bad != NULL ? c.bad : "cut short");
	describe_core(&r, &c, bytes);
	/* What was passed on is passed on: a lost line is said, and no failure of the tap. */
	if (put(&r, json, fd) < 0 || io_close(fd) < 0)
		warn("the lines were not written");
	record_free(&r);
	core_close(&c);
	return status;
}

int
main(int argc, char **argv)
{
	uint64_t pid = 0, n;
	int json = 0, fd = -1, pidfd = -1, c;
	const char *out = NULL;

	if (io_std() < 0)
		return 2;
	while ((c = getopt(argc, argv, "d:hjo:P:p:V")) != -1) {
		switch (c) {
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
	    (pidfd >= 0 && pid == 0))
		return usage(stderr, 2);

	if (pid != 0)
		return live((pid_t)pid, pidfd, json);
	if (out != NULL &&
	    (fd = open(out, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0)
		err(2, "%s", out);
	if (fd >= 0)
		return tap(fd, json);
	return from_file(argv[optind], json);
}
