/*
 * The C++ library's demangler recurses, and a short name can stand for a text that has no end in practice.  So it runs
 * in a process of its own, which has little memory, and is killed when it does not answer in time.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "demangle/demangle.h"

/* How long an answer may take: a real name takes microseconds, and a busy machine makes that a moment. */
#define SECONDS 2
/* After so many names that did not end, no more are asked for. */
#define LOST 4
/* What the process may have more than it started with, bytes. */
#define MEMORY ((rlim_t)64 << 20)

typedef char *demangler(const char *symbol, char *out, size_t *len, int *status);

/* The bytes of data that we have; 0 when that is not known. */
static rlim_t
data_size(void)
{
	unsigned long long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f != NULL) {
		if (fscanf(f, "%*u %*u %*u %*u %*u %llu", &pages) != 1)
			pages = 0;
		fclose(f);
	}
	return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* Answers each name with what it stands for, or with nothing, until nobody asks. */
static void
answer(int fd, demangler *demangle)
{
	static char symbol[DEMANGLE_LONGEST + 1];
	ssize_t n;

	while ((n = recv(fd, symbol, DEMANGLE_LONGEST, 0)) > 0) {
		char *text;
		size_t len;
		int status = -1;

		symbol[n] = '\0';
		text = demangle(symbol, NULL, NULL, &status);
		len = text != NULL && status == 0 ? strlen(text) : 0;
		/* An empty message would be an end: a NUL says that there is no name. */
		if (len == 0 || len >= 2 * DEMANGLE_LONGEST)
			n = send(fd, "", 1, MSG_NOSIGNAL);
		else
			n = send(fd, text, len, MSG_NOSIGNAL);
		free(text);
		if (n < 0)
			return;
	}
}

/* The process: it leaves no core, and ends with its parent. */
static _Noreturn void
serve(int fd, pid_t parent, demangler *demangle)
{
	struct rlimit limit = { .rlim_cur = data_size() + MEMORY };

	limit.rlim_max = limit.rlim_cur;
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	if (getppid() == parent && setrlimit(RLIMIT_DATA, &limit) == 0)
		answer(fd, demangle);
	_exit(0);
}

/* Loads the library; NULL when there is none. */
static demangler *
load(void)
{
	void *library = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_LOCAL);
	demangler *found = NULL;
	void *symbol;

	if (library == NULL || (symbol = dlsym(library, "__cxa_demangle")) == NULL)
		return NULL;
	/* ISO C has no conversion of one to the other; POSIX says that the bytes are the same. */
	memcpy(&found, &symbol, sizeof(found));
	return found;
}

static int
start(struct demangle_helper *h)
{
	struct timeval limit = { .tv_sec = SECONDS };
	pid_t parent = getpid();
	demangler *demangle;
	int pair[2];

	/* It is loaded here, so that a library that is not there is looked for once. */
	if ((demangle = load()) == NULL ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	if ((h->pid = fork()) == 0) {
		io_close(pair[0]);
		serve(pair[1], parent, demangle);
	}
	io_close(pair[1]);
	if (h->pid < 0 || setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0) {
		h->fd = pair[0];
		demangle_helper_end(h);
		return -1;
	}
	h->fd = pair[0];
	return 0;
}

void
demangle_helper_end(struct demangle_helper *h)
{
	if (h->fd < 0)
		return;
	io_close(h->fd);
	h->fd = -1;
	if (h->pid <= 0)
		return;
	kill((pid_t)h->pid, SIGKILL);
	while (waitpid((pid_t)h->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int
demangle_helper_ask(struct demangle_helper *h, const char *symbol, char *out, size_t len)
{
	ssize_t n;

	if (h->none || h->lost == LOST)
		return -1;
	if (h->fd < 0 && start(h) < 0) {
		h->none = 1;
		return -1;
	}
	if (send(h->fd, symbol, strlen(symbol), MSG_NOSIGNAL) < 0) {
		n = -1;
	} else {
		do
			n = recv(h->fd, out, len - 1, 0);
		while (n < 0 && errno == EINTR);
	}
	if (n <= 0) {
		h->lost++;
		demangle_helper_end(h);
		return -1;
	}
	out[n] = '\0';
	return out[0] != '\0' ? 0 : -1;
}
