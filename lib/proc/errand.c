#define _GNU_SOURCE
#include "proc/errand.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "confine/confine.h"
#include "core/files.h"
#include "proc/facts.h"
#include "proc/read.h"
#include "system/deadline.h"
#include "system/spawn.h"

/* The most time that an errand takes; it is waited for a little longer. */
#define ERRAND_S (FACTS_FILE_MS / 1000 + 1)
#define ANSWER_MS (ERRAND_S * 1000 + 500)

enum what { IDENTITY, OPEN, OPEN_NO_LINK, SCRATCH };

struct question {
	unsigned number;		/* as the answer's: others were not waited for */
	enum what what;
	uint64_t size;			/* of SCRATCH, as where */
	enum scratch_where where;
	char path[CORE_PATH];		/* of the others */
};

struct answer {
	unsigned number;
	int error;			/* errno; 0: a descriptor comes with it, but for IDENTITY */
	int found;
	struct elf_id id;
};

struct lookup {
	const char *path;
	struct elf_id id;
	int found;
};

/* Our end of the connection, or -1; and how many questions there were, also of our children. */
static int errands = -1;
static int lost;
static atomic_uint *numbers;

static void
look_up(void *arg)
{
	struct lookup *l = arg;
	int fd;

	if ((fd = io_open_regular(l->path, 0)) < 0)
		return;
	fd = deadline_keep(fd);
	if (confine_to(CONFINE_PARSE) >= 0)
		l->found = elf_id_read(fd, ELF_ID_SECTION, &l->id) == ELF_ID_OK;
}

static int
identity(const char *path, struct elf_id *id)
{
	struct lookup *l = deadline_memory(sizeof(*l));
	int found = 0;

	if (l == NULL)
		return 0;
	l->path = path;
	if (deadline_run(look_up, l, FACTS_FILE_MS) == 0 && l->found)
		found = proc_take_identity(id, &l->id);
	deadline_free(l, sizeof(*l));
	return found;
}

static int
scratch(uint64_t size, enum scratch_where where)
{
	const char *dir;
	uint64_t most;

	return scratch_open(size, where, &dir, &most);
}

/* Sends a message, with a descriptor unless that is -1. */
static int
put(int to, void *bytes, size_t len, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec io = { .iov_base = bytes, .iov_len = len };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };

	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		m.msg_control = &control;
		m.msg_controllen = sizeof(control.room);
	}
	/* The room for messages is full only when nobody takes them. */
	return sendmsg(to, &m, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len ? 0 : -1;
}

/* Receives a message of that length; its descriptor, or -1. */
static int
get(int from, void *bytes, size_t len, int *fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec io = { .iov_base = bytes, .iov_len = len };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control.room) };
	const struct cmsghdr *c;
	ssize_t n;

	*fd = -1;
	do
		n = recvmsg(from, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)len)
		return -1;
	if ((c = CMSG_FIRSTHDR(&m)) != NULL && c->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return 0;
}

/*
 * What a question asks for: a descriptor, or -1 with errno.  Whoever has been misled shall not get
 * what only root may read: ELF files alone, and no cores.
 */
static int
open_asked(const struct question *q)
{
	uint8_t head[ELF_ID_KIND_LEN];
	ssize_t n;
	int fd;

	if (q->what == SCRATCH)
		return scratch(q->size, q->where);
	if ((fd = io_open_regular(q->path, q->what == OPEN)) < 0)
		return -1;
	n = io_pread(fd, head, sizeof(head), 0);
	if (n > 0 && elf_id_kind(head, (size_t)n) == ELF_ID_KIND_ELF)
		return fd;
	io_close(fd);
	errno = EACCES;
	return -1;
}

static _Noreturn void
answer_all(int to)
{
	static const int heeded[] = { SIGTERM, SIGINT, SIGHUP };
	static struct question q;
	static struct answer a;
	sigset_t none;
	int fd;

	/* It ends with those who ask.  What was inherited must not keep the alarm away. */
	for (size_t i = 0; i < sizeof(heeded) / sizeof(*heeded); i++)
		signal(heeded[i], SIG_IGN);
	signal(SIGALRM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	while (get(to, &q, sizeof(q), &fd) == 0) {
		a.number = q.number;
		q.path[sizeof(q.path) - 1] = '\0';
		/* Where nothing answers the signal ends us, and all further questions fail. */
		alarm(ERRAND_S);
		if (q.what == IDENTITY)
			a.found = identity(q.path, &a.id);
		else
			a.error = (fd = open_asked(&q)) < 0 ? errno : 0;
		alarm(0);
		if (put(to, &a, sizeof(a), fd) < 0)
			break;
		if (fd >= 0)
			io_close(fd);
	}
	_exit(0);
}

static int
wait_for(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	do
		n = poll(&p, 1, ANSWER_MS);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Waits for the answer.  Returns 0, or -1: then nobody will answer later questions either. */
static int
ask(struct question *q, struct answer *a, int *fd)
{
	if (lost)
		return -1;
	q->number = atomic_fetch_add(numbers, 1);
	lost = put(errands, q, sizeof(*q), -1) < 0;
	while (!lost && wait_for(errands) > 0 && get(errands, a, sizeof(*a), fd) == 0) {
		if (a->number == q->number)
			return 0;
		/* One that a child asked for, which has gone. */
		if (*fd >= 0)
			io_close(*fd);
	}
	lost = 1;
	return -1;
}

/* Has a descriptor sent; -1 with errno. */
static int
fetch(struct question *q)
{
	struct answer a;
	int fd;

	if (ask(q, &a, &fd) < 0) {
		errno = ETIMEDOUT;
		return -1;
	}
	if (fd < 0)
		errno = a.error != 0 ? a.error : EMFILE;
	return fd;
}

/* For io_open_regular. */
static int
open_elsewhere(const char *path, int links)
{
	struct question q = { .what = links ? OPEN : OPEN_NO_LINK };

	if (strlen(path) >= sizeof(q.path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(q.path, path);
	return fetch(&q);
}

int
errand_start(void)
{
	struct spawn s = { .fd = { SPAWN_CLOSED, SPAWN_CLOSED, SPAWN_CLOSED } };
	int ends[2];
	pid_t pid;

	if ((numbers = deadline_memory(sizeof(*numbers))) == NULL ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	if ((pid = spawn_start(&s)) == 0) {
		io_close(ends[0]);
		io_close_others(ends[1]);
		/* So that lists of processes tell it from the program. */
		prctl(PR_SET_NAME, "core-errands");
		answer_all(ends[1]);
	}
	io_close(ends[1]);
	if (pid < 0) {
		io_close(ends[0]);
		return -1;
	}
	errands = ends[0];
	io_open_elsewhere(open_elsewhere);
	return 0;
}

int
errand_identity(const char *path, struct elf_id *id)
{
	struct question q = { .what = IDENTITY };
	struct answer a;
	int fd;

	if (errands < 0)
		return identity(path, id);
	if (strlen(path) >= sizeof(q.path))
		return 0;
	strcpy(q.path, path);
	if (ask(&q, &a, &fd) < 0 || !a.found)
		return 0;
	return proc_take_identity(id, &a.id);
}

int
errand_scratch(uint64_t size, enum scratch_where where)
{
	struct question q = { .what = SCRATCH, .size = size, .where = where };

	return errands < 0 ? scratch(size, where) : fetch(&q);
}
