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
	return (head[0] & 0x0f) == ZLIB_DEFLATE && head[0] >> 4 <= 7 &&
	    (head[0] * 256u + head[1]) % 31 == 0;
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

enum inflate_status
inflate_ended_early(struct inflate *f)
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
			return inflate_ended_early(f);
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
		return inflate_ended_early(f);
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

enum inflate_status
inflate_zlib(struct inflate *f, struct inflate_member *m)
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
	m->size = source_at(f->in) - m->offset;
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
			return inflate_ended_early(f);
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
