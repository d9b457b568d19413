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
#include "system/pipe.h"
#include "system/scratch.h"
#include "trim/frames.h"
#include "trim/segments.h"

/* Bytes that are read at once, and a page of those before that was not whole. */
#define PIECE (256u * 1024)
/* How long a pipe may bring nothing before it is taken for full, ms: the kernel fills it in less. */
#define PATIENCE 20
/* What is kept of a name of the link map, whose length is not known yet, bytes. */
#define NAME 256

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
	trim_pages_close(&s->there);
	free(s->by_offset);
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

/* Shows bytes from offset at to the parser, as far as it wants them before the memory. */
static void
feed(struct core *c, uint64_t at, const uint8_t *bytes, size_t n)
{
	uint64_t p = at, next, len;

	while (!c->resolved && p - at < n && core_next(c, p, &next, &len) && next - at < n) {
		p = next;
		p += core_feed(c, p, bytes + (p - at), n - (size_t)(p - at));
	}
}

/* Where the notes end; 0 when they come behind memory, which has gone by then. */
static uint64_t
head_end(const struct core *c)
{
	uint64_t end = c->table.offset + c->table.len;

	for (int i = 0; i < c->notes; i++) {
		const struct core_range *r = &c->note[i];

		for (size_t k = 0; k < c->loads; k++)
			if (c->load[k].offset < r->offset)
				return 0;
		if (r->offset + r->len > end)
			end = r->offset + r->len;
	}
	return end;
}

/* What is wanted next comes from there on; 0 when it never will. */
static int
wanted(const struct core *c, uint64_t at, uint64_t *end)
{
	uint64_t offset, len;

	if (c->bad != NULL || !core_next(c, at, &offset, &len))
		return 0;
	*end = offset + len;
	/* With all program headers seen, notes that are behind memory show. */
	return c->table.len == 0 || c->table.done < c->table.len || head_end(c) != 0;
}

/* The parser has seen what there is: whether that is all that it needs. */
static enum trim_status
head_status(struct trim_stream *s)
{
	struct core *c = &s->core;

	if (c->resolved) {
		s->end = head_end(c);
		return s->end == 0 ? TRIM_BACKWARDS : image_open(&s->head, s->spool) < 0 ? TRIM_SYSTEM : TRIM_OK;
	}
	if (c->is_core && c->bad == NULL && c->table.done == c->table.len && c->notes > 0 && head_end(c) == 0)
		return TRIM_BACKWARDS;
	/* Headers alone, without notes. */
	if (c->is_core && c->bad == NULL && c->table.done == c->table.len && c->notes == 0)
		return TRIM_THREADS_NONE;
	if (c->is_core && c->bad == NULL)
		return TRIM_CUT;
	core_end(c);
	return TRIM_NO_CORE;
}

/* Sees the head without taking it out of the pipe; 0 when that cannot be. */
static int
peek_head(struct trim_stream *s, enum trim_status *st)
{
	struct core *c = &s->core;
	uint64_t most, need = sizeof(Elf32_Ehdr), most_dir;
	const char *dir;
	size_t seen = 0;
	int size;

	pipe_grow(s->in);
	if ((size = fcntl(s->in, F_GETPIPE_SZ)) < 0)
		return 0;
	most = (uint64_t)size < PIPE_SIZE ? (uint64_t)size : PIPE_SIZE;
	if ((s->buf = io_buffer(PIPE_SIZE)) == NULL)
		return 0;
	while (!c->resolved && wanted(c, seen, &need)) {
		ssize_t n;

		if (need > most || (n = pipe_peek(s->in, s->buf, (size_t)need, PATIENCE)) < 0)
			return 0;
		if ((size_t)n > seen)
			feed(c, seen, s->buf + seen, (size_t)n - seen);
		if ((size_t)n < need) {
			seen = (size_t)n;
			break;
		}
		seen = (size_t)n;
	}
	/* What comes slowly is not yet known to be no core. */
	if (!c->resolved && c->bad == NULL)
		return 0;
	if ((s->spool = scratch_open(PIPE_SIZE, SCRATCH_FITTING, &dir, &most_dir)) < 0 ||
	    io_pwrite(s->spool, s->buf, seen, 0) < 0)
		*st = TRIM_SYSTEM;
	else
		*st = head_status(s);
	return 1;
}

/* Reads more of in, and puts it aside in one piece with what was before. */
static ssize_t
consume(struct trim_stream *s, size_t len)
{
	ssize_t n;

	if (s->touched != NULL)
		*s->touched = 1;
	n = io_read_some(s->in, s->buf, len);
	if (n <= 0)
		return n;
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
	uint64_t need, most;
	const char *dir;

	if ((s->spool = scratch_open(UINT64_MAX, SCRATCH_DISK, &dir, &most)) < 0)
		return TRIM_SYSTEM;
	while (!c->resolved && wanted(c, s->consumed, &need)) {
		uint64_t at = s->consumed;
		ssize_t n = consume(s, need - at < PIECE ? (size_t)(need - at) : PIECE);

		if (n < 0)
			return TRIM_SYSTEM;
		if (n == 0)
			break;
		feed(c, at, s->buf, (size_t)n);
	}
	return head_status(s);
}

enum trim_status
trim_stream_head(struct trim_stream *s, int peek)
{
	void (*ask_files)(void *arg, struct core_files *f) = s->core.ask_files;
	void *ask_arg = s->core.ask_arg;
	enum trim_status st;

	if (peek && peek_head(s, &st))
		return st;
	if (s->spool >= 0)
		io_close(s->spool);
	s->spool = -1;
	core_close(&s->core);
	core_open(&s->core);
	s->core.ask_files = ask_files;
	s->core.ask_arg = ask_arg;
	if (s->buf == NULL && (s->buf = io_buffer(PIPE_SIZE)) == NULL)
		return TRIM_SYSTEM;
	return read_head(s);
}

/* Writes what has been taken out of in. */
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
	pipe_grow(s->in);
	pipe_grow(out);
	for (;;) {
		ssize_t n = pipe_splice(s->in, out, PIPE_SIZE);

		if (n == 0)
			return 0;
		if (n < 0 && errno == EINVAL)
			break;
		if (n < 0)
			return errno == EPIPE || errno == ENOSPC || errno == EFBIG ? CORE_READ_OUT : CORE_READ_IN;
	}
	rc = io_copy(s->in, out);
	return rc == IO_READ ? CORE_READ_IN : rc == IO_WRITE ? CORE_READ_OUT : 0;
}

/* Memory as it is in the spool; what has not come yet may come, and is zeros until then. */
static ssize_t
read_spool(void *arg, uint64_t address, uint64_t offset, void *buf, size_t len)
{
	struct trim_stream *s = arg;
	size_t n = 0;

	while (n < len) {
		size_t left = TRIM_PAGE - (size_t)((address + n) % TRIM_PAGE);
		size_t take = left < len - n ? left : len - n;

		if (trim_pages_has(&s->there, address + n) != 0) {
			if (io_pread(s->spool, (uint8_t *)buf + n, take, offset + n) != (ssize_t)take)
				break;
		} else if (s->all_seen) {
			break;
		} else {
			memset((uint8_t *)buf + n, 0, take);
		}
		n += take;
	}
	return (ssize_t)n;
}

/* Keeps what an entry of the link map that is passing by leads to. */
static void
keep_link(struct trim *t, uint64_t at, uint64_t name)
{
	if (at < UINT64_MAX - TRIM_LINK)
		trim_keep(t, TRIM_LINKS, at, at + TRIM_LINK);
	if (name < UINT64_MAX - NAME)
		trim_keep(t, TRIM_LINKS, name, name + NAME);
}

/*
 * Whether a page has an entry of the link map, or a name of one: what leads to them may have gone by, or be
 * still to come.  An entry begins with where a file's first byte is, and its third word is an address in the same
 * file; its name is a string of its own.
 */
static int
has_link(struct trim *t, const uint8_t *p, size_t len, uint64_t address)
{
	const struct core_files *f = &t->core->files;
	size_t w = trim_word(t);
	uint64_t low = f->count > 0 ? f->file[0].start : UINT64_MAX, high = f->count > 0 ? f->file[f->count - 1].end : 0;
	int found = 0;

	for (size_t i = 0; i + w <= len; i += w) {
		uint64_t v = core_number(t->core, p + i, w);
		const struct core_file *file;

		if (i % 16 == 0 && p[i] == '/') {
			const uint8_t *end = memchr(p + i, '\0', len - i);
			size_t n = end != NULL ? (size_t)(end - (p + i)) : len - i;

			for (size_t k = 1; !found && k + 3 <= n; k++)
				found = memcmp(p + i + k, ".so", 3) == 0;
		}
		if (v < low || v >= high || v % TRIM_PAGE != 0)
			continue;
		file = core_files_at(f, v);
		if (file == NULL || file->start != v || file->from != 0)
			continue;
		if (i + 3 * w <= len) {
			uint64_t dynamic = core_number(t->core, p + i + 2 * w, w);

			if (dynamic < file->start || dynamic >= file->end)
				continue;
			keep_link(t, address + i, core_number(t->core, p + i + w, w));
		}
		found = 1;
	}
	return found;
}

static void
interrupted(void *arg, uint64_t sp)
{
	trim_stack(arg, TRIM_STACKS, sp, 0);
}

/* A page of memory, or the part of it that is in a segment, passes by. */
static void
consider(struct trim_stream *s, const struct trim_segment *g, const uint8_t *p, size_t len, uint64_t address,
    uint64_t offset)
{
	struct trim *t = s->trim;
	unsigned why = trim_pages_has(&t->pages, address);
	int keep = why != 0;

	if (!keep && (g->flags & PF_X) && core_files_at(&t->core->files, address) == NULL)
		keep = 1;
	if (!keep && (g->flags & PF_W))
		keep = has_link(t, p, len, address);
	if (!keep || s->error != 0 || s->there.count >= TRIM_STREAM_MOST / TRIM_PAGE)
		return;
	if (io_pwrite(s->spool, p, len, offset) < 0) {
		s->error = errno;
		return;
	}
	/* The rest of it is another segment's. */
	if (trim_pages_has(&s->there, address) == 0 && trim_pages_add(&s->there, address, 1) < 0)
		t->broken = 1;
	if (why == TRIM_CRASHED || why == TRIM_STACKS)
		trim_frames_signals(t, address >= TRIM_PAGE ? address - TRIM_PAGE : 0, address + len, interrupted, t);
}

/* Looks at n bytes from an offset, page by page; returns how many it has done with: the last page may be cut. */
static size_t
look(struct trim_stream *s, const uint8_t *p, size_t n, uint64_t offset)
{
	uint64_t at = offset, end = offset + n;

	while (at < end && s->load < s->loads) {
		const struct trim_segment *g = &s->trim->segment[s->by_offset[s->load].segment];
		uint64_t address, last, len;

		if (at < g->offset) {
			at = g->offset;
			continue;
		}
		if (at - g->offset >= g->filesz) {
			s->load++;
			continue;
		}
		address = g->vaddr + (at - g->offset);
		last = g->filesz - (at - g->offset);
		len = TRIM_PAGE - address % TRIM_PAGE;
		if (len > last)
			len = last;
		if (len > end - at)
			return (size_t)(at - offset);
		/* What several segments claim is the one's that is found by its address. */
		if (trim_segment_at(s->trim, address) == s->by_offset[s->load].segment)
			consider(s, g, p + (at - offset), (size_t)len, address, at);
		at += len;
	}
	/* Behind the last segment there is nothing to look at, whatever comes. */
	return n;
}

static enum trim_status
begin(struct trim_stream *s, struct trim *t)
{
	enum trim_status st;
	const char *dir;
	uint64_t most;

	if (trim_stream_untouched(s)) {
		s->peeked = s->spool;
		/* A head fits into memory; what may be wanted of the rest does not. */
		if ((s->spool = scratch_open(UINT64_MAX, SCRATCH_DISK, &dir, &most)) < 0)
			return TRIM_SYSTEM;
	}
	s->trim = t;
	t->core = &s->core;
	t->head = s->head;
	t->memory = (struct trim_memory){ .source = TRIM_STREAM, .read = read_spool, .arg = s };
	if ((st = trim_foresee(t)) != TRIM_OK)
		return st;
	if ((s->by_offset = calloc(t->usable + 1, sizeof(*s->by_offset))) == NULL)
		return TRIM_SYSTEM;
	for (size_t i = 0; i < t->usable; i++)
		s->by_offset[s->loads++] = (struct trim_place){ .segment = t->by_address[i].segment,
			.at = t->segment[t->by_address[i].segment].offset };
	trim_places_sort(s->by_offset, s->loads);
	return TRIM_OK;
}

/* The next bytes of the core from offset at: what was taken out of in already, then the rest of that. */
static ssize_t
next_bytes(struct trim_stream *s, uint64_t at, uint8_t *buf, size_t len)
{
	if (at >= s->spooled)
		return io_read_some(s->in, buf, len);
	return io_pread(s->spool, buf, s->spooled - at < len ? (size_t)(s->spooled - at) : len, at);
}

/* There is no small core, for the reason in errno, which stays unless passing on fails too. */
static int
pass_without(struct trim_stream *s, int out)
{
	int saved = errno, rc;

	if (out < 0)
		return 0;
	if ((rc = trim_stream_pass(s, out)) == 0)
		errno = saved;
	return rc;
}

int
trim_stream_select(struct trim_stream *s, struct trim *t, int out, enum trim_status *st)
{
	uint8_t *buf = io_buffer(PIECE + TRIM_PAGE);
	size_t carried = 0, done;
	uint64_t at = 0;
	ssize_t n;
	int rc = 0;

	if (buf == NULL) {
		*st = TRIM_SYSTEM;
		return pass_without(s, out);
	}
	if ((*st = begin(s, t)) != TRIM_OK) {
		free(buf);
		return pass_without(s, out);
	}
	pipe_grow(s->in);
	while ((n = next_bytes(s, at, buf + carried, PIECE)) > 0) {
		if (out >= 0 && io_write(out, buf + carried, (size_t)n) < 0) {
			rc = CORE_READ_OUT;
			break;
		}
		at += (uint64_t)n;
		carried += (size_t)n;
		/* The head has no memory, and what has gone by of it is in the spool. */
		done = at <= s->end ? carried : look(s, buf, carried, at - carried);
		carried -= done;
		memmove(buf, buf + done, carried);
	}
	if (n < 0)
		rc = CORE_READ_IN;
	s->all_seen = 1;
	trim_close(t);
	t->full = s->there.count >= TRIM_STREAM_MOST / TRIM_PAGE;
	free(buf);
	/* What lacks its stacks is no small core. */
	if (rc == 0 && s->error != 0) {
		*st = TRIM_SYSTEM;
		errno = s->error;
	}
	return rc;
}
