#include "proc/task.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

/* The most threads that are asked for their user. */
#define THREADS_ASKED 4096

int
proc_text(int dir, const char *name, char *text, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = io_read(fd, text, size - 1);
	io_close(fd);
	if (n < 0)
		return -1;
	text[n] = '\0';
	return 0;
}

const char *
proc_value(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = text; p != NULL && *p != '\0';
	     p = strchr(p, '\n') == NULL ? NULL : strchr(p, '\n') + 1)
		if (strncmp(p, key, n) == 0)
			return p + n;
	return NULL;
}

int
proc_hold(pid_t pid)
{
	char path[64];
	int dir;

	snprintf(path, sizeof(path), "/proc/%ld", (long)pid);
	if ((dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 && errno == ENOENT)
		errno = ESRCH;
	return dir;
}

/* Whether the thread of dir has ended, and only waits for its parent. */
static int
has_ended(int dir)
{
	char text[1024];
	const char *at;

	/* The second field, the name, may hold anything: its end is the last bracket. */
	return proc_text(dir, "stat", text, sizeof(text)) < 0 ||
	    (at = strrchr(text, ')')) == NULL || strncmp(at, ") Z", 3) == 0 ||
	    strncmp(at, ") X", 3) == 0;
}

static int
hold_living(int tasks, const char *tid)
{
	int thread = openat(tasks, tid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (thread >= 0 && has_ended(thread)) {
		io_close(thread);
		thread = -1;
	}
	return thread;
}

int
proc_hold_thread(int dir, pid_t tid)
{
	int tasks, thread = -1;
	char name[24];
	struct dirent *e;
	DIR *list;

	if (!has_ended(dir))
		return openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if ((tasks = openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return -1;
	if ((list = fdopendir(tasks)) == NULL) {
		io_close(tasks);
		return -1;
	}
	snprintf(name, sizeof(name), "%ld", (long)tid);
	if (tid != 0)
		thread = hold_living(tasks, name);
	while (thread < 0 && (e = readdir(list)) != NULL)
		if (e->d_name[0] != '.')
			thread = hold_living(tasks, e->d_name);
	closedir(list);
	if (thread < 0)
		errno = ESRCH;
	return thread;
}

/*
 * Opens a file of the process: of a thread that has its memory, but the status, which has the
 * number of the process, of its directory.
 */
static int
open_of(pid_t pid, const char *name)
{
	int dir = proc_hold(pid), thread = dir < 0 ? -1 : proc_hold_thread(dir, 0), fd = -1, saved;

	if (thread >= 0)
		fd = openat(strcmp(name, "status") == 0 ? dir : thread, name, O_RDONLY | O_CLOEXEC);
	saved = errno;
	if (dir >= 0)
		io_close(dir);
	if (thread >= 0)
		io_close(thread);
	errno = saved;
	return fd;
}

/* The files of proc_open_early. */
#define EARLY 8
static struct early {
	pid_t pid;
	char name[16];
	int fd;
} early[EARLY];
static size_t earlies;

int
proc_open_early(pid_t pid, const char *names)
{
	for (size_t n; *names != '\0'; names += n + (names[n] == ' ')) {
		struct early *e = &early[earlies];

		n = strcspn(names, " ");
		if (earlies == EARLY || n >= sizeof(e->name)) {
			errno = EMFILE;
			return -1;
		}
		memcpy(e->name, names, n);
		e->pid = pid;
		if ((e->fd = open_of(pid, e->name)) < 0)
			return -1;
		earlies++;
	}
	return 0;
}

int
proc_open_file(pid_t pid, const char *name)
{
	for (size_t i = 0; i < earlies; i++)
		if (early[i].pid == pid && strcmp(early[i].name, name) == 0) {
			/* A descriptor of its own, at the file's start. */
			int fd = fcntl(early[i].fd, F_DUPFD_CLOEXEC, 3);

			if (fd >= 0)
				lseek(fd, 0, SEEK_SET);
			return fd;
		}
	return open_of(pid, name);
}

/* Whether the thread of dir is one of a process that is dumped, and its real user is uid. */
static int
is_dumped_of(int dir, uint32_t uid, int *dumped, char *text)
{
	const char *v;

	if (proc_text(dir, "status", text, PROC_STATUS) < 0)
		return 0;
	if ((v = proc_value(text, "CoreDumping:")) != NULL)
		*dumped = strtol(v, NULL, 10) == 1;
	return *dumped && (v = proc_value(text, "Uid:")) != NULL && strtoul(v, NULL, 10) == uid;
}

/* The same of any of its threads. */
static int
is_any_dumped_of(int dir, uint32_t uid, int *dumped, char *text)
{
	int tasks = openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC), thread, yes = 0;
	struct dirent *e;
	DIR *list;

	if (tasks < 0)
		return 0;
	if ((list = fdopendir(tasks)) == NULL) {
		io_close(tasks);
		return 0;
	}
	for (int n = 0; !yes && n < THREADS_ASKED && (e = readdir(list)) != NULL; n++)
		if (e->d_name[0] != '.' && (thread = hold_living(tasks, e->d_name)) >= 0) {
			yes = is_dumped_of(thread, uid, dumped, text);
			io_close(thread);
		}
	closedir(list);
	return yes;
}

int
proc_is_dumped(int dir, pid_t tid, uint32_t uid)
{
	char *text = malloc(PROC_STATUS), path[32];
	int thread = -1, dumped = 0, yes = 0;

	if (text == NULL)
		return 0;
	snprintf(path, sizeof(path), "task/%ld", (long)tid);
	if (tid != 0)
		thread = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (thread < 0)
		thread = proc_hold_thread(dir, 0);
	if (thread >= 0) {
		yes = is_dumped_of(thread, uid, &dumped, text);
		io_close(thread);
	}
	/* Each thread has a user of its own: the kernel named that of the one that crashed. */
	if (!yes && dumped)
		yes = is_any_dumped_of(dir, uid, &dumped, text);
	free(text);
	return yes;
}
