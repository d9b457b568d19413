#define _GNU_SOURCE
#include "proc_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"

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

/* The value of "Key:" in text, a line of /proc/PID/status or fdinfo; NULL when there is none. */
static const char *
value_of(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = text; p != NULL && *p != '\0';
	     p = strchr(p, '\n') == NULL ? NULL : strchr(p, '\n') + 1)
		if (strncmp(p, key, n) == 0)
			return p + n;
	return NULL;
}

static void
read_status(struct proc *p, int dir)
{
	char text[8192];
	ssize_t n = slurp(dir, "status", text, sizeof(text) - 1);
	const char *v;

	if (n < 0)
		return;
	text[n] = '\0';
	/* The name, the first line, is the process's choice: what follows is the kernel's. */
	if ((v = value_of(text, "Uid:")) != NULL)
		p->uid = (uint32_t)strtoul(v, NULL, 10);
	p->has_status = v != NULL;
	if ((v = value_of(text, "Gid:")) != NULL)
		p->gid = (uint32_t)strtoul(v, NULL, 10);
	if ((v = value_of(text, "Threads:")) != NULL)
		p->threads = strtoull(v, NULL, 10);
	/* One for each namespace, its own the last. */
	if ((v = value_of(text, "NSpid:")) != NULL)
		for (char *end; *v != '\n' && *v != '\0'; v = end) {
			p->nspid = (uint32_t)strtoul(v, &end, 10);
			if (end == v)
				break;
		}
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

static void
read_exe(struct proc *p, int dir)
{
	static const char gone[] = " (deleted)";
	ssize_t n = readlinkat(dir, "exe", p->exe, sizeof(p->exe));
	size_t len = sizeof(gone) - 1;
	struct stat st;
	int fd;

	if (n > 0)
		p->exe_len = (size_t)n;
	/* Opens the very file, whatever its name is by now; a kernel thread has none. */
	if ((fd = openat(dir, "exe", O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		if (p->exe_len > len && memcmp(p->exe + p->exe_len - len, gone, len) == 0 &&
		    !is_file(p->exe, p->exe_len, &st)) {
			p->exe_len -= len;
			p->exe_deleted = 1;
		}
		p->has_id = elf_id_read(fd, ELF_ID_SECTION, &p->id) != ELF_ID_NOT_ELF;
	}
	io_close(fd);
}

int
proc_read(struct proc *p, pid_t pid)
{
	char path[32];
	ssize_t n;
	int dir;

	memset(p, 0, sizeof(*p));
	snprintf(path, sizeof(path), "/proc/%ld", (long)pid);
	if ((dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		if (errno == ENOENT)
			errno = ESRCH;
		return -1;
	}
	if ((n = slurp(dir, "comm", p->comm, sizeof(p->comm))) > 0)
		p->comm_len = (size_t)n - (p->comm[n - 1] == '\n');
	read_status(p, dir);
	read_cmdline(p, dir);
	read_exe(p, dir);
	io_close(dir);
	return 0;
}

int
proc_pidfd_is(int pidfd, pid_t pid)
{
	char path[64], text[1024];
	const char *v;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	if ((n = slurp(AT_FDCWD, path, text, sizeof(text) - 1)) < 0)
		return -1;
	text[n] = '\0';
	if ((v = value_of(text, "Pid:")) == NULL)
		return -1;
	return strtol(v, NULL, 10) == (long)pid;
}
