#define _GNU_SOURCE
#include "proc/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "proc/read.h"
#include "proc/rights.h"
#include "proc/task.h"

/* Reads the start of a file of dir, as much as buf holds.  Returns the bytes, -1 when it cannot. */
static ssize_t
slurp(int dir, const char *name, char *buf, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = io_read(fd, buf, size);
	io_close(fd);
	return n;
}

/* A number of status; 0 when it has none. */
static uint64_t
number_of(const char *text, const char *key)
{
	const char *v = proc_value(text, key);

	return v != NULL ? strtoull(v, NULL, 10) : 0;
}

/* The PID in its own namespace: there is one for each namespace, its own the last. */
static void
read_nspid(struct proc *p, const char *text)
{
	const char *v = proc_value(text, "NSpid:");
	char *end;

	if (v == NULL)
		return;
	for (; *v != '\n' && *v != '\0'; v = end) {
		p->nspid = (uint32_t)strtoul(v, &end, 10);
		if (end == v)
			break;
	}
}

/* dir: of the process; thread: of one that has its memory. */
static void
read_status(struct proc *p, int dir, int thread)
{
	char *text = malloc(PROC_STATUS), *end;
	const char *v;

	if (text != NULL && proc_text(dir, "status", text, PROC_STATUS) == 0)
		read_nspid(p, text);
	if (text == NULL || proc_text(thread, "status", text, PROC_STATUS) < 0) {
		free(text);
		return;
	}
	/* The name, the first line, is the process's choice: what follows is the kernel's. */
	if ((v = proc_value(text, "Uid:")) != NULL) {
		p->uid = (uint32_t)strtoul(v, &end, 10);
		p->euid = (uint32_t)strtoul(end, NULL, 10);
	}
	p->has_status = v != NULL;
	if ((v = proc_value(text, "Gid:")) != NULL) {
		p->gid = (uint32_t)strtoul(v, &end, 10);
		p->egid = (uint32_t)strtoul(end, NULL, 10);
	}
	p->threads = number_of(text, "Threads:");
	p->vsize = number_of(text, "VmSize:") * 1024;
	p->rss = number_of(text, "VmRSS:") * 1024;
	p->rss_peak = number_of(text, "VmHWM:") * 1024;
	p->swap = number_of(text, "VmSwap:") * 1024;
	free(text);
}

/* When it was started, the 22nd field of stat, in ticks since the system was. */
static void
read_uptime(struct proc *p, int dir)
{
	long ticks = sysconf(_SC_CLK_TCK);
	struct timespec now;
	char text[1024];
	const char *at;
	uint64_t began, ms;

	/* The second field, the name, may hold anything: its end is the last bracket. */
	if (ticks <= 0 || proc_text(dir, "stat", text, sizeof(text)) < 0 ||
	    (at = strrchr(text, ')')) == NULL || clock_gettime(CLOCK_BOOTTIME, &now) < 0)
		return;
	for (int field = 2; field < 22; field++)
		if ((at = strchr(at + 1, ' ')) == NULL)
			return;
	began = strtoull(at, NULL, 10);
	began = began / (uint64_t)ticks * 1000 + began % (uint64_t)ticks * 1000 / (uint64_t)ticks;
	ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	p->uptime = ms > began ? ms - began : 0;
	p->has_uptime = 1;
}

/* Takes the limits that limit: columns of fixed width, whose names have blanks in them. */
static void
read_limits(struct proc *p, int dir)
{
	static const struct {
		const char *words, *name;
	} limit[] = {
		{ "Max cpu time ", "cpu" }, { "Max file size ", "fsize" },
		{ "Max data size ", "data" },
		{ "Max stack size ", "stack" }, { "Max core file size ", "core" },
		{ "Max resident set ", "rss" }, { "Max processes ", "nproc" },
		{ "Max open files ", "nofile" }, { "Max locked memory ", "memlock" },
		{ "Max address space ", "as" }, { "Max file locks ", "locks" },
		{ "Max pending signals ", "sigpending" }, { "Max msgqueue size ", "msgqueue" },
	};
	char text[4096], soft[24], hard[24];
	size_t len = 0;
	const char *v;

	if (proc_text(dir, "limits", text, sizeof(text)) < 0)
		return;
	for (size_t i = 0; i < sizeof(limit) / sizeof(*limit); i++) {
		if ((v = proc_value(text, limit[i].words)) == NULL ||
		    sscanf(v, "%23s %23s", soft, hard) != 2 ||
		    (strcmp(soft, "unlimited") == 0 && strcmp(hard, soft) == 0))
			continue;
		/* 13 of at most 1 + 10 + 1 + 23 + 1 + 23 bytes fit. */
		len += (size_t)snprintf(p->limits + len, sizeof(p->limits) - len, "%s%s=%s:%s",
		    len > 0 ? " " : "", limit[i].name, soft, hard);
	}
}

/* Counts the open files, and looks for a ring of io_uring among the first of them. */
static void
read_open_files(struct proc *p, int dir)
{
	static const char ring[] = PROC_RING;
	int fd = openat(dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st = { 0 };
	char to[sizeof(ring)];
	struct dirent *e;
	DIR *files;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && st.st_size > 0) {
		p->open_files = (uint64_t)st.st_size;
		p->has_open_files = 1;
	}
	if ((files = fdopendir(fd)) == NULL) {
		io_close(fd);
		return;
	}
	for (uint64_t n = 0; n < (p->has_open_files ? PROC_RINGS : PROC_OPEN_FILES); n++) {
		do {
			e = readdir(files);
		} while (e != NULL && e->d_name[0] == '.');
		if (e == NULL) {
			p->has_open_files = 1;
			break;
		}
		if (n < PROC_RINGS && !p->io_uring &&
		    readlinkat(fd, e->d_name, to, sizeof(to)) == sizeof(ring) - 1)
			p->io_uring = memcmp(to, ring, sizeof(ring) - 1) == 0;
		if (st.st_size == 0)
			p->open_files++;
	}
	closedir(files);
}

static void
read_cgroup(struct proc *p, int dir)
{
	char text[16384];

	if (proc_text(dir, "cgroup", text, sizeof(text)) == 0)
		cgroup_parse(text, &p->cgroup);
}

/* The user who made its user namespace, unless that is ours. */
static void
read_namespace(struct proc *p, int dir)
{
	struct stat here, there;
	uid_t owner;
	int fd;

	if (stat("/proc/self/ns/user", &here) < 0 ||
	    (fd = openat(dir, "ns/user", O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
		return;
	if (fstat(fd, &there) == 0 &&
	    (there.st_ino != here.st_ino || there.st_dev != here.st_dev) &&
	    ioctl(fd, NS_GET_OWNER_UID, &owner) == 0) {
		p->has_container_owner = 1;
		p->container_owner = owner;
	}
	io_close(fd);
}

/* The name of a thread, from its file comm. */
static size_t
read_name(int dir, const char *path, char *name, size_t size)
{
	ssize_t n = slurp(dir, path, name, size);

	return n > 0 ? (size_t)n - (name[n - 1] == '\n') : 0;
}

static size_t
read_link(int dir, const char *name, char *to, size_t size)
{
	ssize_t n = readlinkat(dir, name, to, size);

	return n > 0 ? (size_t)n : 0;
}

static void
read_cmdline(struct proc *p, int dir)
{
	ssize_t n = slurp(dir, "cmdline", p->cmdline, sizeof(p->cmdline));

	while (n > 0 && p->cmdline[n - 1] == '\0')
		n--;
	for (ssize_t i = 0; i < n; i++)
		if (p->cmdline[i] == '\0')
			p->cmdline[i] = ' ';
	p->cmdline_len = n > 0 ? (size_t)n : 0;
}

/* Whether the path leads to that very file. */
static int
is_file(const char *bytes, size_t len, const struct stat *want)
{
	char path[PROC_TEXT + 1];
	struct stat st;

	memcpy(path, bytes, len);
	path[len] = '\0';
	return stat(path, &st) == 0 && st.st_dev == want->st_dev && st.st_ino == want->st_ino;
}

/* Opens the very file that runs, whatever its name is by now; a kernel thread has none. */
static int
open_exe(struct proc *p, int dir)
{
	static const char gone[] = " (deleted)";
	size_t len = sizeof(gone) - 1;
	struct stat st;
	int fd;

	p->exe_len = read_link(dir, "exe", p->exe, sizeof(p->exe));
	if ((fd = openat(dir, "exe", O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
		return -1;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		io_close(fd);
		return -1;
	}
	if (p->exe_len > len && memcmp(p->exe + p->exe_len - len, gone, len) == 0 &&
	    !is_file(p->exe, p->exe_len, &st)) {
		p->exe_len -= len;
		p->exe_deleted = 1;
	}
	return fd;
}

/* All that its first thread does not keep when it has ended. */
static void
read_thread(struct proc *p, int thread, int environment)
{
	ssize_t n;

	read_limits(p, thread);
	read_open_files(p, thread);
	read_cgroup(p, thread);
	read_namespace(p, thread);
	p->cwd_len = read_link(thread, "cwd", p->cwd, sizeof(p->cwd));
	p->root_len = read_link(thread, "root", p->root, sizeof(p->root));
	read_cmdline(p, thread);
	if (environment &&
	    (n = slurp(thread, "environ", p->environment, sizeof(p->environment) - 1)) > 0) {
		/* Nobody can say whether a variable that was cut is secret. */
		if ((size_t)n == sizeof(p->environment) - 1)
			while (n > 0 && p->environment[n - 1] != '\0')
				n--;
		p->environment[n] = '\0';
		p->environment_len = (size_t)n;
	}
}

int
proc_read_facts(struct proc *p, pid_t pid, pid_t tid, int environment, int *exe)
{
	int dir = proc_hold(pid), thread;
	char path[64];

	*exe = -1;
	/* All but the environment, which is long. */
	memset(p, 0, offsetof(struct proc, environment));
	if (dir < 0)
		return -1;
	p->comm_len = read_name(dir, "comm", p->comm, sizeof(p->comm));
	thread = proc_hold_thread(dir, tid);
	read_status(p, dir, thread >= 0 ? thread : dir);
	read_uptime(p, dir);
	if (tid != 0) {
		snprintf(path, sizeof(path), "task/%ld/comm", (long)tid);
		p->thread_name_len = read_name(dir, path, p->thread_name, sizeof(p->thread_name));
	}
	if (thread >= 0) {
		read_thread(p, thread, environment);
		p->rights = proc_rights_of(dir, p->has_container_owner);
		*exe = open_exe(p, thread);
		io_close(thread);
	}
	io_close(dir);
	return 0;
}

int
proc_read_identity(struct elf_id *id, int exe)
{
	int has;

	if (exe < 0)
		return 0;
	has = elf_id_read(exe, ELF_ID_SECTION, id) != ELF_ID_NOT_ELF;
	io_close(exe);
	return has;
}

int
proc_take_identity(struct elf_id *to, const struct elf_id *left)
{
	if (left->section_len > sizeof(left->section) ||
	    left->build_id_len > sizeof(left->build_id) ||
	    left->package_len > sizeof(left->package))
		return 0;
	*to = *left;
	to->has_note = to->has_note != 0;
	return 1;
}

int
proc_read(struct proc *p, pid_t pid, pid_t tid, int environment)
{
	int exe, rc = proc_read_facts(p, pid, tid, environment, &exe);

	p->has_id = proc_read_identity(&p->id, exe);
	return rc;
}

int
proc_pidfd_is(int pidfd, pid_t pid)
{
	char path[64], text[1024];
	const char *v;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	if (proc_text(AT_FDCWD, path, text, sizeof(text)) < 0)
		return -1;
	if ((v = proc_value(text, "Pid:")) == NULL)
		return -1;
	return strtol(v, NULL, 10) == (long)pid;
}

int
proc_has_pid(pid_t pid, uint32_t number)
{
	int fd = proc_open_file(pid, "status"), has = -1;
	char *text = malloc(PROC_STATUS), *end;
	const char *v;
	ssize_t n = -1;

	if (fd >= 0 && text != NULL)
		n = io_read(fd, text, PROC_STATUS - 1);
	if (fd >= 0)
		io_close(fd);
	if (n >= 0) {
		text[n] = '\0';
		v = proc_value(text, "NSpid:");
		for (has = v != NULL ? 0 : -1; has == 0 && *v != '\n' && *v != '\0'; v = end) {
			has = strtoul(v, &end, 10) == number;
			if (end == v)
				break;
		}
	}
	free(text);
	return has;
}
