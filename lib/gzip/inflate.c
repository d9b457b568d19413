#include "gzip/inflate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/inflate.h"
#include "gzip/members.h"

#define OUT_SIZE (512u * 1024)

/* The method, in the low bits of CMF. */
#define ZLIB_DEFLATE 8

struct inflate_state {
	struct engine_inflate *engine;
	struct inflate_held *held;
	uint8_t out[OUT_SIZE];
};

/* Whether these are CMF and FLG of a zlib stream (RFC 1950 section 2.2). */
static int
is_zlib(const uint8_t head[2])
{
	return (head[0] & 0x0f) == ZLIB_DEFLATE && head[0] >> 4 <= 7 && (head[0] * 256u + head[1]) % 31 == 0;
}

int
inflate_knows(const uint8_t *bytes, size_t n)
{
	return gz_knows(bytes, n) || (n >= 2 && is_zlib(bytes));
}

int
inflate_open(struct inflate *f, struct source *in, struct sink *out)
{
	memset(f, 0, sizeof(*f));
	f->in = in;
	f->out = out;
	f->threads = 1;
	f->stop = UINT64_MAX;
	if ((f->state = malloc(sizeof(*f->state))) == NULL)
		return -1;
	f->state->held = NULL;
	if ((f->state->engine = engine_inflate_new()) == NULL) {
		free(f->state);
		f->state = NULL;
		return -1;
	}
	return 0;
}

void
inflate_close(struct inflate *f)
{
	if (f->state != NULL) {
		engine_inflate_free(f->state->engine);
		inflate_held_free(f->state->held);
	}
	free(f->state);
	f->state = NULL;
}

/* The input ended too early: because it was cut, or because it could not be read. */
static enum inflate_status
ended_early(struct inflate *f)
{
	f->at = source_at(f->in);
	if (f->in->failed == 0)
		return INFLATE_CUT;
	f->error = f->in->failed;
	return INFLATE_READ;
}

/* Gives back the bytes behind the end of the stream that the engine took. */
static enum inflate_status
give_back(struct inflate *f)
{
	uint8_t extra[ENGINE_INFLATE_EXTRA];
	size_t n = engine_inflate_extra(f->state->engine, extra);

	return source_unread(f->in, extra, n) < 0 ? INFLATE_MEMORY : INFLATE_OK;
}

/* Decodes raw DEFLATE data.  Says how much that was in *len; sum adds it to *check. */
static enum inflate_status
decode(struct inflate *f, uint32_t (*sum)(uint32_t, const uint8_t *, size_t), uint64_t *len,
    uint32_t *check)
{
	struct inflate_state *st = f->state;
	enum engine_inflated rc = ENGINE_INFLATE_MORE;

	*len = 0;
	if (engine_inflate_reset(st->engine) < 0)
		return INFLATE_MEMORY;
	while (rc == ENGINE_INFLATE_MORE) {
		const uint8_t *p;
		size_t n, taken, made;

		/* The stream goes on behind its bounds. */
		if (source_at(f->in) >= f->stop) {
			rc = ENGINE_INFLATE_BAD;
			break;
		}
		if (source_fill(f->in, 1) == 0)
			return ended_early(f);
		do {
			p = source_peek(f->in, &n);
			if (f->stop - source_at(f->in) < n)
				n = (size_t)(f->stop - source_at(f->in));
			taken = n;
			made = OUT_SIZE;
			rc = engine_inflate_run(st->engine, p, &taken, st->out, &made);
			source_take(f->in, taken);
			*check = sum(*check, st->out, made);
			*len += made;
			if (made > 0 && sink_write(f->out, st->out, made) < 0) {
				f->error = errno;
				return INFLATE_WRITE;
			}
		} while (rc == ENGINE_INFLATE_MORE && made == OUT_SIZE);
		if (f->progress != NULL)
			f->progress(f->arg, source_at(f->in), f->out->at);
	}
	if (rc == ENGINE_INFLATE_END)
		return give_back(f);
	f->at = source_at(f->in);
	return rc == ENGINE_INFLATE_MEMORY ? INFLATE_MEMORY : INFLATE_DATA;
}

/* Takes n bytes of a trailer into p. */
static enum inflate_status
trailer(struct inflate *f, uint8_t *p, size_t n)
{
	if (source_fill(f->in, n) < n)
		return ended_early(f);
	source_read(f->in, p, n);
	return INFLATE_OK;
}

enum inflate_status
inflate_body(struct inflate *f, struct inflate_member *m)
{
	enum inflate_status st;
	uint8_t t[GZ_TRAILER];

	m->check = 0;
	if ((st = decode(f, engine_crc32, &m->data_size, &m->check)) == INFLATE_OK)
		st = trailer(f, t, sizeof(t));
	if (st != INFLATE_OK)
		return st;
	f->at = source_at(f->in) - GZ_TRAILER;
	if (gz_le32(t) != m->check)
		return INFLATE_CHECK;
	if (gz_le32(t + 4) != (uint32_t)m->data_size)
		return INFLATE_LENGTH;
	return INFLATE_OK;
}

/* Decodes a zlib stream (RFC 1950 section 2.2), if one comes. */
static enum inflate_status
zlib_stream(struct inflate *f, struct inflate_member *m)
{
	enum inflate_status st;
	uint8_t head[2], t[4];
	const uint8_t *p;
	size_t have;

	source_fill(f->in, 2);
	p = source_peek(f->in, &have);
	if (have < 2)
		return INFLATE_FORMAT;
	memcpy(head, p, 2);
	if (!is_zlib(head))
		return INFLATE_FORMAT;
	source_take(f->in, 2);
	f->at = source_at(f->in);
	/* FDICT: it needs a preset dictionary, and we have none. */
	if (head[1] & 0x20)
		return INFLATE_HEAD;
	m->check = 1;
	if ((st = decode(f, engine_adler32, &m->data_size, &m->check)) != INFLATE_OK ||
	    (st = trailer(f, t, sizeof(t))) != INFLATE_OK)
		return st;
	f->at = source_at(f->in) - sizeof(t);
	if (m->check != ((uint32_t)t[0] << 24 | (uint32_t)t[1] << 16 | (uint32_t)t[2] << 8 | t[3]))
		return INFLATE_CHECK;
	return INFLATE_OK;
}

enum inflate_status
inflate_member(struct inflate *f, struct inflate_member *m)
{
	enum inflate_status st = INFLATE_OK;
	int done = 0;

	f->at = m->offset = source_at(f->in);
	m->data_offset = f->out->at;
	m->data_size = 0;
	if (!f->doubtful && (st = inflate_held(f, &f->state->held, m, &done)) != INFLATE_OK)
		return st;
	if (done) {
		if (f->progress != NULL)
			f->progress(f->arg, source_at(f->in), f->out->at);
	} else {
		switch (gz_head_read(f->in, &m->head, f->stop - m->offset)) {
		case GZ_OK:
			st = inflate_body(f, m);
			break;
		case GZ_CUT:
			return ended_early(f);
		case GZ_BAD:
			return INFLATE_HEAD;
		default:
			return INFLATE_FORMAT;
		}
	}
	m->size = source_at(f->in) - m->offset;
	if (st == INFLATE_OK && f->strict && m->head.size != 0 && m->head.size != m->size) {
		f->at = m->offset;
		return INFLATE_HEAD;
	}
	return st;
}

int
inflate_ended(struct inflate *f)
{
	for (;;) {
		const uint8_t *p;
		size_t n, i = 0;

		if (source_fill(f->in, 1) == 0)
			return 1;
		p = source_peek(f->in, &n);
		while (i < n && p[i] == 0)
			i++;
		source_take(f->in, i);
		if (i < n)
			return 0;
	}
}

/* Decodes the first member, or a zlib stream in its place; *zlib says which. */
static enum inflate_status
first(struct inflate *f, struct inflate_member *m, int *zlib)
{
	enum inflate_status st;

	*zlib = 0;
	if (source_fill(f->in, 1) == 0)
		return f->in->failed != 0 ? ended_early(f) : INFLATE_EMPTY;
	if ((st = inflate_member(f, m)) != INFLATE_FORMAT)
		return st;
	*zlib = 1;
	st = zlib_stream(f, m);
	m->size = source_at(f->in) - m->offset;
	return st;
}

/*
 * Takes the zeros behind a member, which are padding; *more says whether more follows.  Nobody pads between members that
 * say their sizes, as this one does if sized: there zeros are members that a disk has lost.
 */
static enum inflate_status
behind(struct inflate *f, int sized, int *more)
{
	uint8_t next;

	f->at = source_at(f->in);
	/* Read no more than that byte: the next member may be hopped over. */
	*more = f->in->seekable && source_look(f->in, f->at, &next, 1) == 1 && next != 0;
	if (*more)
		return INFLATE_OK;
	*more = !inflate_ended(f);
	if (!*more)
		return f->in->failed != 0 ? ended_early(f) : INFLATE_OK;
	if (sized && source_at(f->in) != f->at && gz_size_peek(f->in) != 0)
		return INFLATE_HEAD;
	return INFLATE_OK;
}

/* A walk from member to member. */
struct walk {
	int begun;		/* there has been a member */
	uint64_t stop;		/* the walk ends with the member whose data ends at or behind this offset */
	int hops;		/* members whose data ends at or before hop_to need not be decoded, if the input can be sought */
	uint64_t hop_to;
	/* Called for each member, unless NULL. */
	void (*seen)(void *arg, const struct inflate_member *m);
	void *arg;
};

/*
 * Passes over the member that comes when it claims a size that leads to another such member or to the end, its
 * trailer can tell the size of its data, and that ends at or before limit.  Fills in m and returns 1, else moves
 * nothing.
 */
static int
hop(struct inflate *f, struct inflate_member *m, uint64_t limit)
{
	struct source *s = f->in;
	uint64_t at = source_at(s), left = s->size > at ? s->size - at : 0, size, len;
	uint8_t bytes[GZ_END_LOOK];
	struct gz_end end;

	if (gz_head_look(s, at, &m->head, &len, UINT64_MAX) != GZ_OK)
		size = 0;
	else
		size = m->head.size;
	source_seek(s, at);
	if (size < len + 2 + GZ_TRAILER || size > left || !gz_size_whole(size))
		return 0;
	if (!gz_end_parse(bytes, source_look(s, at + size - GZ_TRAILER, bytes, sizeof(bytes)), &end) ||
	    (end.next == 0 && size < left) || f->out->at > limit || end.data_size > limit - f->out->at)
		return 0;
	m->check = end.crc;
	m->data_size = end.data_size;
	m->offset = at;
	m->size = size;
	m->data_offset = f->out->at;
	f->out->at += m->data_size;
	source_seek(s, at + m->size);
	return 1;
}

/* Decodes member after member, or passes over it, until the end or w->stop. */
static enum inflate_status
walk(struct inflate *f, const struct walk *w)
{
	int begun = w->begun, zlib = 0, more;
	struct inflate_member m;
	enum inflate_status st;

	for (;;) {
		memset(&m, 0, sizeof(m));
		if (w->hops && f->in->seekable && hop(f, &m, w->hop_to)) {
			st = INFLATE_OK;
		} else if (!begun) {
			st = first(f, &m, &zlib);
		} else if ((st = inflate_member(f, &m)) == INFLATE_FORMAT) {
			f->at = m.offset;
			return INFLATE_TRAILING;
		}
		if (st != INFLATE_OK)
			return st;
		begun = 1;
		if (w->seen != NULL)
			w->seen(w->arg, &m);
		if (f->out->at >= w->stop)
			return INFLATE_OK;
		if ((st = behind(f, m.head.sized || m.head.bgzf, &more)) != INFLATE_OK || !more)
			return st;
		if (zlib) {
			f->at = source_at(f->in);
			return INFLATE_TRAILING;
		}
	}
}

/* Ends the output.  When that fails, that is the status, unless writing has failed before. */
static enum inflate_status
finish(struct inflate *f, enum inflate_status st)
{
	if (sink_end(f->out) == 0 || st == INFLATE_WRITE)
		return st;
	f->error = errno;
	return INFLATE_WRITE;
}

enum inflate_status
inflate_all(struct inflate *f)
{
	struct walk w = { .stop = UINT64_MAX };
	enum inflate_status st;
	int more = 1;

	st = inflate_members(f, &w.begun);
	if (st == INFLATE_OK && w.begun)
		st = behind(f, 1, &more);
	if (st == INFLATE_OK && more)
		st = walk(f, &w);
	return finish(f, st);
}

enum inflate_status
inflate_list(struct inflate *f, void (*seen)(void *arg, const struct inflate_member *m), void *arg)
{
	const struct walk w = { .stop = UINT64_MAX, .hops = 1, .hop_to = UINT64_MAX, .seen = seen, .arg = arg };

	return walk(f, &w);
}

enum inflate_status
inflate_range(struct inflate *f, uint64_t offset, uint64_t len)
{
	uint64_t end = len > UINT64_MAX - offset ? UINT64_MAX : offset + len;
	const struct walk w = { .stop = end, .hops = 1, .hop_to = offset };
	enum inflate_status st;

	f->out->from = offset;
	f->out->to = end;
	st = finish(f, walk(f, &w));
	if ((st == INFLATE_OK || st == INFLATE_TRAILING) && f->out->at < end)
		return INFLATE_SHORT;
	return st;
}
