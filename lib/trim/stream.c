#define _GNU_SOURCE
#include "trim/stream.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "core/read.h"
#include "proc/errand.h"
#include "system/pipe.h"

/* Bytes that are read at once. */
#define PIECE (256u * 1024)
/*
 * How long a pipe may bring nothing before it is taken for full, ms: the kernel fills it in less.
 */
#define PATIENCE 20

void
trim_stream_init(struct trim_stream *s, int in)
{
	memset(s, 0, sizeof(*s));
	s->in = in;
	s->spool = s->peeked = -1;
	core_open(&s->core);
}

void
trim_stream_close(struct trim_stream *s)
{
	if (s->head != NULL)
		image_close(s->head);
	core_close(&s->core);
	trim_selection_close(&s->selection);
	free(s->buf);
	if (s->spool >= 0)
		io_close(s->spool);
	if (s->peeked >= 0)
		io_close(s->peeked);
}

int
trim_stream_untouched(const struct trim_stream *s)
{
	return s->consumed == 0;
}

/* Whether the parser wants more of the head, and *end, where that ends; 0 when it never comes. */
static int
is_wanted(const struct core *c, uint64_t at, uint64_t *end)
{
	uint64_t offset, len;

	if (c->bad != NULL || !core_next(c, at, &offset, &len))
		return 0;
	*end = offset + len;
	/* Once all program headers have been seen, it is known whether notes are behind memory. */
	return c->table.len == 0 || c->table.done < c->table.len || core_head_end(c) != 0;
}

/* The parser has seen all that there is of the head: opens it when that is enough. */
static enum trim_status
head_status(struct trim_stream *s)
{
	struct core *c = &s->core;

	if (c->resolved) {
		if ((s->end = core_head_end(c)) == 0)
			return TRIM_BACKWARDS;
		return image_open(&s->head, s->spool) < 0 ? TRIM_SYSTEM : TRIM_OK;
	}
	if (!c->is_core || c->bad != NULL) {
		core_end(c);
		return TRIM_NO_CORE;
	}
	if (c->table.done < c->table.len)
		return TRIM_CUT;
	if (c->notes == 0)
		return TRIM_THREADS_NONE;
	return core_head_end(c) == 0 ? TRIM_BACKWARDS : TRIM_CUT;
}

/* Reads the head without taking it out of the pipe; 0 when that is not possible. */
static int
peek_head(struct trim_stream *s, enum trim_status *st)
{
	struct core *c = &s->core;
	uint64_t most, need = sizeof(Elf32_Ehdr);
	size_t seen = 0;
	int size;

	pipe_grow(s->in);
	if ((size = fcntl(s->in, F_GETPIPE_SZ)) < 0)
		return 0;
	most = (uint64_t)size < PIPE_SIZE ? (uint64_t)size : PIPE_SIZE;
	if ((s->buf = io_buffer(PIPE_SIZE)) == NULL)
		return 0;
	while (!c->resolved && is_wanted(c, seen, &need)) {
		ssize_t n;

		if (need > most || (n = pipe_peek(s->in, s->buf, (size_t)need, PATIENCE)) < 0)
			return 0;
		if ((size_t)n > seen)
			core_show(c, seen, s->buf + seen, (size_t)n - seen);
		if ((size_t)n < need) {
			seen = (size_t)n;
			break;
		}
		seen = (size_t)n;
	}
	/* The rest may only be slow. */
	if (!c->resolved && c->bad == NULL)
		return 0;
	if ((s->spool = errand_scratch(PIPE_SIZE, SCRATCH_FITTING)) < 0 ||
	    io_pwrite(s->spool, s->buf, seen, 0) < 0)
		*st = TRIM_SYSTEM;
	else
		*st = head_status(s);
	return 1;
}

/* Takes more out of in, and appends it to the spool. */
static ssize_t
consume(struct trim_stream *s, size_t len)
{
	ssize_t n;

	if (s->touched != NULL)
		*s->touched = 1;
	n = io_read_some(s->in, s->buf, len);
	if (n <= 0) {
		/* An input that is empty is as it was. */
		if (s->touched != NULL)
			*s->touched = s->consumed > 0;
		return n;
	}
	s->consumed += (uint64_t)n;
	if (io_pwrite(s->spool, s->buf, (size_t)n, s->spooled) < 0) {
		s->tail = (size_t)n;
		return -1;
	}
	s->spooled += (uint64_t)n;
	return n;
}

static enum trim_status
read_head(struct trim_stream *s)
{
	struct core *c = &s->core;
	uint64_t need;

	if (s->buf == NULL && (s->buf = io_buffer(PIPE_SIZE)) == NULL)
		return TRIM_SYSTEM;
	if ((s->spool = errand_scratch(UINT64_MAX, SCRATCH_DISK)) < 0)
		return TRIM_SYSTEM;
	while (!c->resolved && is_wanted(c, s->consumed, &need)) {
		uint64_t at = s->consumed;
		ssize_t n = consume(s, need - at < PIECE ? (size_t)(need - at) : PIECE);

		if (n < 0)
			return TRIM_SYSTEM;
		if (n == 0)
			break;
		core_show(c, at, s->buf, (size_t)n);
	}
	return head_status(s);
}

/* Forgets what was peeked at. */
static void
start_anew(struct trim_stream *s)
{
	void (*ask_files)(void *arg, struct core_files *f) = s->core.ask_files;
	void *ask_arg = s->core.ask_arg;

	if (s->spool >= 0)
		io_close(s->spool);
	s->spool = -1;
	core_close(&s->core);
	core_open(&s->core);
	s->core.ask_files = ask_files;
	s->core.ask_arg = ask_arg;
}

enum trim_status
trim_stream_head(struct trim_stream *s, int peek)
{
	enum trim_status st;

	if (!peek || !peek_head(s, &st)) {
		start_anew(s);
		st = read_head(s);
	}
	s->error = errno;
	return st;
}

/* Writes what has been taken out of in so far. */
static int
replay(struct trim_stream *s, int out)
{
	uint8_t *buf = s->spooled > 0 ? io_buffer(PIECE) : NULL;
	int rc = 0;

	if (s->spooled > 0 && buf == NULL)
		return CORE_READ_IN;
	for (uint64_t at = 0; rc == 0 && at < s->spooled;) {
		size_t n = s->spooled - at < PIECE ? (size_t)(s->spooled - at) : PIECE;

		if (io_pread(s->spool, buf, n, at) != (ssize_t)n)
			rc = CORE_READ_IN;
		else if (io_write(out, buf, n) < 0)
			rc = CORE_READ_OUT;
		at += n;
	}
	free(buf);
	if (rc == 0 && s->tail > 0 && io_write(out, s->buf, s->tail) < 0)
		rc = CORE_READ_OUT;
	return rc;
}

int
trim_stream_pass(struct trim_stream *s, int out)
{
	int rc = replay(s, out);

	if (rc != 0)
		return rc;
	rc = pipe_pass(s->in, out);
	return rc == IO_READ ? CORE_READ_IN : rc == IO_WRITE ? CORE_READ_OUT : 0;
}

/* The next bytes of the core from offset at: those taken out of in already, then the rest. */
static ssize_t
next_bytes(struct trim_stream *s, uint64_t at, uint8_t *buf, size_t len)
{
	if (at >= s->spooled)
		return io_read_some(s->in, buf, len);
	return io_pread(s->spool, buf, s->spooled - at < len ? (size_t)(s->spooled - at) : len, at);
}

static enum trim_status
begin_selection(struct trim_stream *s, struct trim *t)
{
	if (trim_stream_untouched(s)) {
		s->peeked = s->spool;
		/* A head fits into memory; what is put aside of the rest may not. */
		if ((s->spool = errand_scratch(UINT64_MAX, SCRATCH_DISK)) < 0)
			return TRIM_SYSTEM;
	}
	t->core = &s->core;
	t->head = s->head;
	return trim_selection_begin(&s->selection, t, s->spool);
}

/* Passes the core on, and shows it to the selection; buf is of PIECE + TRIM_PAGE bytes. */
static int
pass_and_look(struct trim_stream *s, int out, uint8_t *buf)
{
	size_t carried = 0, done;
	uint64_t at = 0;
	ssize_t n;

	pipe_grow(s->in);
	while ((n = next_bytes(s, at, buf + carried, PIECE)) > 0) {
		if (out >= 0 && io_write(out, buf + carried, (size_t)n) < 0)
			return CORE_READ_OUT;
		at += (uint64_t)n;
		carried += (size_t)n;
		/* The head has no memory; if some came with it, the spool has that. */
		done = at <= s->end ? carried :
		    trim_selection_look(&s->selection, buf, carried, at - carried);
		carried -= done;
		memmove(buf, buf + done, carried);
	}
	return n < 0 ? CORE_READ_IN : 0;
}

int
trim_stream_select(struct trim_stream *s, struct trim *t, int out, enum trim_status *st)
{
	uint8_t *buf = io_buffer(PIECE + TRIM_PAGE);
	int rc;

	*st = buf == NULL ? TRIM_SYSTEM : begin_selection(s, t);
	s->error = errno;
	if (*st != TRIM_OK) {
		free(buf);
		return out < 0 ? 0 : trim_stream_pass(s, out);
	}
	rc = pass_and_look(s, out, buf);
	trim_selection_end(&s->selection);
	free(buf);
	/* Where stacks could not be put aside there is no small core. */
	if (rc == 0 && s->selection.error != 0) {
		*st = TRIM_SYSTEM;
		s->error = s->selection.error;
	}
	return rc;
}
