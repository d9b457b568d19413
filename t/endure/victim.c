/* victim - what the users of load.py run: it crashes, is killed in mid-dump, or gives its number away */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where each crash is announced, before it happens: a line, written in one piece. */
#define LOG_FD 9
/* A process that is to be killed in mid-dump needs some bytes for that to take a while. */
#define BYTES_KILLED ((size_t)12 << 20)

static const char *mark;

/* Fills memory and the stack with the mark, and crashes. */
static void
crash(const char *name, const char *kind, size_t len)
{
	char line[128], on_stack[2048], *p = malloc(len);
	size_t i, m = strlen(mark);

	if (p == NULL)
		err(1, "malloc");
	for (i = 0; i < len; i++)
		p[i] = mark[i % m];
	for (i = 0; i < sizeof(on_stack); i++)
		on_stack[i] = mark[i % m];
	prctl(PR_SET_NAME, name);
	i = (size_t)snprintf(line, sizeof(line), "%d %u %s\n", (int)getpid(), (unsigned)getuid(), kind);
	if (write(LOG_FD, line, i) != (ssize_t)i)
		err(1, "write");
	__asm__ volatile("" : : "r"(on_stack), "r"(p) : "memory");
	*(volatile int *)(uintptr_t)(p[0] == 0) = 1;
	abort();
}

static void
become(const char *uid)
{
	uid_t id = (uid_t)atoi(uid);

	if (setgroups(0, NULL) < 0 || setresgid(id, id, id) < 0 || setresuid(id, id, id) < 0)
		err(1, "setresuid");
}

/* Waits until the kernel dumps the process. */
static void
wait_for_dump(pid_t pid)
{
	char path[32], text[4096];
	ssize_t n;
	int fd, i;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	for (i = 0; i < 10000; i++) {
		if ((fd = open(path, O_RDONLY)) < 0)
			return;
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
		text[n > 0 ? n : 0] = '\0';
		if (strstr(text, "CoreDumping:\t1") != NULL || strstr(text, "State:\tZ") != NULL)
			return;
		usleep(500);
	}
}

static void
kill_in_mid_dump(pid_t pid, const char *delay)
{
	wait_for_dump(pid);
	usleep((useconds_t)atoi(delay));
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0)
		continue;
}

/* A child with this number; 0 in it, -1 if somebody else has the number by now. */
static pid_t
fork_as(pid_t pid)
{
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid,
		.set_tid_size = 1 };

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/*
 * victim MARK NAME KIND BYTES
 * victim MARK NAME forks N
 * victim MARK NAME killed MICROSECONDS
 * victim MARK NAME reuse MICROSECONDS UID PROGRAM MARK2    (as root)
 */
int
main(int argc, char **argv)
{
	const char *name, *kind;
	pid_t pid;
	int i, n;

	if (argc < 5)
		errx(2, "see main");
	mark = argv[1];
	name = argv[2];
	kind = argv[3];
	n = atoi(argv[4]);
	if (strcmp(kind, "forks") == 0) {
		/* All crash at the same time. */
		for (i = 0; i < n; i++)
			if (fork() == 0)
				crash(name, kind, 100000);
		while (wait(NULL) > 0)
			continue;
	} else if (strcmp(kind, "killed") == 0) {
		if ((pid = fork()) == 0)
			crash(name, kind, BYTES_KILLED);
		kill_in_mid_dump(pid, argv[4]);
	} else if (strcmp(kind, "reuse") == 0 && argc > 7) {
		/* A program with more rights is killed in mid-dump; its user's gets the number, and crashes. */
		if ((pid = fork()) == 0) {
			become(argv[5]);
			execl(argv[6], name, argv[7], name, "more", "100000", (char *)NULL);
			err(1, "%s", argv[6]);
		}
		kill_in_mid_dump(pid, argv[4]);
		if ((pid = fork_as(pid)) == 0) {
			become(argv[5]);
			execl(argv[0], name, mark, name, "again", "100000", (char *)NULL);
			err(1, "%s", argv[0]);
		}
		if (pid > 0)
			waitpid(pid, NULL, 0);
	} else {
		crash(name, kind, (size_t)n);
	}
	return 0;
}
