#define _GNU_SOURCE
#include "capture/head.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "confine/confine.h"
#include "elf/layout.h"
#include "system/deadline.h"
#include "system/spawn.h"

/* Bytes that are read at once. */
#define PIECE (64u * 1024)
/* Room for the program headers of all segments that are looked at, and for the notes. */
#define ROOM (CORE_LOADS * sizeof(Elf64_Phdr) + CAPTURE_HEAD + 2 * PIECE)

/* How long it may take for a piece, ms: microseconds, unless it has been misled. */
#define PARSER_MS 5000

/* What we and the process that parses share. */
struct shared {
	struct core core;		/* as it was parsed; its pointers are of that process */
	struct core_load load[CORE_LOADS];
	uint8_t bytes[ROOM];
};

/* The process that parses: it says how many bytes it wants, and is told how many there are. */
struct parser {
	pid_t pid;
	int want, have;			/* our ends */
};

/* How many bytes are wanted now: none when enough has been seen, or it is no core. */
static uint32_t
wanted(const struct core *c, size_t seen)
{
	uint64_t offset, len, end;

	if (c->bad != NULL || c->resolved || !core_next(c, seen, &offset, &len) ||
	    ROOM - seen < PIECE)
		return 0;
	end = offset + len;
	if (c->table.len > 0 && c->table.done == c->table.len) {
		/* The core's memory comes next, or all that is looked for has been seen. */
		if (core_head_end(c) == 0 || (c->auxv_len > 0 && c->files.count > 0) ||
		    seen - c->table.offset - c->table.len > CAPTURE_HEAD)
			return 0;
	}
	return end - seen < PIECE ? (uint32_t)(end - seen) : PIECE;
}

/* In the process that parses: shows the core what comes, and leaves there what was found. */
static _Noreturn void
parse(struct shared *shared, int want, int have)
{
	struct core *c = &shared->core;
	uint32_t n = 1, most;
	size_t seen = 0;

	/* It ends with its parent's questions.  A misled one keeps nobody waiting. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (dup2(have, STDIN_FILENO) < 0 || dup2(want, STDOUT_FILENO) < 0)
		_exit(1);
	have = STDIN_FILENO;
	want = STDOUT_FILENO;
	io_close_others(-1);
	if (confine_to(CONFINE_BASE) < 0)
		_exit(1);
	core_open(c);
	while (n > 0 && (most = wanted(c, seen)) > 0) {
		if (io_write(want, &most, sizeof(most)) < 0 ||
		    io_read(have, &n, sizeof(n)) != sizeof(n))
			_exit(1);
		if (n > 0)
			core_show(c, seen, shared->bytes + seen, n);
		seen += n;
	}
	if (c->loads > 0)
		memcpy(shared->load, c->load, c->loads * sizeof(*c->load));
	_exit(0);
}

static int
start(struct parser *p, struct shared *shared)
{
	struct spawn s = { .fd = { SPAWN_CLOSED, SPAWN_CLOSED, SPAWN_CLOSED } };
	int want[2], have[2];

	if (pipe2(want, O_CLOEXEC) < 0)
		return -1;
	if (pipe2(have, O_CLOEXEC) < 0) {
		io_close(want[0]);
		io_close(want[1]);
		return -1;
	}
	if ((p->pid = spawn_start(&s)) == 0) {
		io_close(want[0]);
		io_close(have[1]);
		parse(shared, want[1], have[0]);
	}
	io_close(want[1]);
	io_close(have[0]);
	if (p->pid < 0) {
		io_close(want[0]);
		io_close(have[1]);
		return -1;
	}
	p->want = want[0];
	p->have = have[1];
	return 0;
}

/* Whether the parser wants something, in time. */
static int
is_wanted(const struct parser *p, uint32_t *want)
{
	struct pollfd poller = { .fd = p->want, .events = POLLIN };
	int n;

	do
		n = poll(&poller, 1, PARSER_MS);
	while (n < 0 && errno == EINTR);
	return n > 0 && io_read(p->want, want, sizeof(*want)) == sizeof(*want) && *want > 0 &&
	    *want <= PIECE;
}

/* Reads what the parser wants.  Returns 0, or -1 with errno when reading failed. */
static int
feed(const struct parser *p, struct shared *shared, int in, size_t *len)
{
	uint32_t want, got;
	ssize_t n = 1;

	while (n > 0 && ROOM - *len >= PIECE && is_wanted(p, &want)) {
		if ((n = io_read_some(in, shared->bytes + *len, want)) < 0)
			return -1;
		*len += (size_t)n;
		got = (uint32_t)n;
		if (io_write(p->have, &got, sizeof(got)) < 0)
			break;
	}
	return 0;
}

/*
 * Whether the numbers lead nowhere that is not there.  What segments there are is checked where
 * they are planned, and their headers where they are made anew.
 */
static int
is_sane(const struct capture_head *h)
{
	const struct core *c = &h->core;
	uint64_t size = elf_header_size(ELF_PHDR, c->is64);

	if (c->loads > CORE_LOADS || c->auxv_len > sizeof(c->auxv) || c->notes < 0 ||
	    c->notes > CORE_NOTES || h->len < elf_header_size(ELF_EHDR, c->is64) ||
	    c->table.offset > h->len ||
	    c->table.done > h->len - c->table.offset || c->segments > c->table.done / size)
		return 0;
	for (int i = 0; i < c->notes; i++)
		if (c->note[i].len > UINT64_MAX - c->note[i].offset)
			return 0;
	return 1;
}

/* Takes what the parser has left, which may have been misled: no pointer is its. */
static int
take(struct capture_head *h, const struct shared *shared)
{
	struct core *c = &h->core;

	*c = shared->core;
	c->load = NULL;
	c->bad = c->bad != NULL ? "damaged" : NULL;
	c->thread = NULL;
	c->files.file = NULL;
	c->files.reader = NULL;
	c->exe = NULL;
	c->map = NULL;
	c->ask_files = NULL;
	c->ask_arg = NULL;
	c->parser = NULL;
	c->is64 = c->is64 != 0;
	c->big = c->big != 0;
	if (!is_sane(h))
		return -1;
	if (c->loads > 0 && (c->load = malloc(c->loads * sizeof(*c->load))) != NULL)
		memcpy(c->load, shared->load, c->loads * sizeof(*c->load));
	return c->loads > 0 && c->load == NULL ? -1 : 0;
}

/* Ends the parser; whether it has left what it found. */
static int
end(struct parser *p)
{
	struct pollfd poller = { .fd = p->want };

	io_close(p->have);
	/* Its end closes the pipe. */
	if (p->pid > 0 && poll(&poller, 1, PARSER_MS) <= 0)
		kill(p->pid, SIGKILL);
	io_close(p->want);
	return p->pid > 0 && spawn_wait(p->pid) == 0;
}

int
capture_head_read(struct capture_head *h, int in)
{
	struct shared *shared = deadline_memory(sizeof(*shared));
	struct parser p = { .pid = -1, .want = -1, .have = -1 };
	int rc = 0, saved;

	*h = (struct capture_head){ .core = { .bad = "its headers could not be read" } };
	if (shared == NULL)
		return 0;
	if (start(&p, shared) < 0) {
		deadline_free(shared, sizeof(*shared));
		return 0;
	}
	rc = feed(&p, shared, in, &h->len);
	saved = errno;
	if (!end(&p) || take(h, shared) < 0)
		h->core = (struct core){ .bad = "its headers could not be read",
			.load = h->core.load };
	if (h->len > 0 && (h->bytes = io_buffer(h->len)) != NULL) {
		memcpy(h->bytes, shared->bytes, h->len);
	} else if (h->len > 0) {
		saved = ENOMEM;
		rc = -1;
		h->len = 0;
	}
	deadline_free(shared, sizeof(*shared));
	errno = saved;
	return rc;
}

void
capture_head_close(struct capture_head *h)
{
	/* All else was the parser's. */
	free(h->core.load);
	free(h->bytes);
}
