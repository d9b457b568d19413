#define _GNU_SOURCE
#include "proc/lookup.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "confine/confine.h"
#include "core/files.h"
#include "proc/facts.h"
#include "system/deadline.h"
#include "system/spawn.h"

/* Longer than the other process waits for the file. */
#define ANSWER_MS (FACTS_FILE_MS + 1000)

struct answer {
	struct elf_id id;
	int found;
};

struct lookup {
	const char *path;
	struct answer answer;
};

/* Our end of the connection to the process of lookup_apart, or -1. */
static int apart = -1;

static void
look_up(void *arg)
{
	struct lookup *l = arg;
	int fd;

	if ((fd = io_open_regular(l->path, 0)) < 0)
		return;
	confine_to(CONFINE_PARSE);
	l->answer.found = elf_id_read(fd, ELF_ID_SECTION, &l->answer.id) == ELF_ID_OK;
	io_close(fd);
}

static void
look_up_in_time(const char *path, struct answer *a)
{
	struct lookup *l = deadline_memory(sizeof(*l));

	memset(a, 0, sizeof(*a));
	if (l == NULL)
		return;
	l->path = path;
	if (deadline_run(look_up, l, FACTS_FILE_MS) == 0)
		*a = l->answer;
	deadline_free(l, sizeof(*l));
}

/* The process apart: one message is a path, without a terminator; the answer is one message. */
static void
answer_all(int to)
{
	char path[CORE_PATH];
	struct answer a;
	ssize_t n;

	while ((n = io_read_some(to, path, sizeof(path) - 1)) > 0) {
		path[n] = '\0';
		look_up_in_time(path, &a);
		if (io_write(to, &a, sizeof(a)) < 0)
			break;
	}
}

int
lookup_apart(void)
{
	struct spawn s = { .fd = { SPAWN_CLOSED, SPAWN_CLOSED, SPAWN_CLOSED } };
	int ends[2];
	pid_t pid;

	/* Messages, so that neither a path nor an answer comes in parts. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	if ((pid = spawn_start(&s)) == 0) {
		io_close(ends[0]);
		io_close_others(ends[1]);
		answer_all(ends[1]);
		_exit(0);
	}
	io_close(ends[1]);
	if (pid < 0) {
		io_close(ends[0]);
		return -1;
	}
	apart = ends[0];
	return 0;
}

int
lookup_identity(const char *path, struct elf_id *id)
{
	struct pollfd p = { .fd = apart, .events = POLLIN };
	struct answer a;

	if (apart < 0)
		look_up_in_time(path, &a);
	else if (io_write(apart, path, strlen(path)) < 0 || poll(&p, 1, ANSWER_MS) <= 0 ||
	    io_read_some(apart, &a, sizeof(a)) != (ssize_t)sizeof(a)) {
		/* A late answer is none to the next question. */
		io_close(apart);
		apart = -1;
		return 0;
	}
	*id = a.id;
	return a.found;
}
