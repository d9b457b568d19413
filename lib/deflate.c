/*
 * Each chunk is compressed apart: as a member of its own, or as a part of one stream that ends on
 * a byte boundary and has the last 32 KiB before it as its dictionary.  So chunks depend on input
 * alone, and can be compressed in any order once there are threads: reading, compressing and
 * writing are the three steps of the loop in deflate_run.
 */
#include "deflate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "engine.h"
#include "gz.h"
#include "io.h"
#include "pipe_linux.h"

struct work {
	struct deflate *d;
	struct engine *engine;
	uint8_t *buf;		/* ENGINE_DICT bytes of what came before, then the chunk */
	uint8_t *out;
	size_t dict;		/* how much of the dictionary is filled */
	uint32_t check;		/* of the whole stream, when it is one */
};

static void
head_of(const struct deflate *d, int first, struct gz_head *h)
{
	memset(h, 0, sizeof(*h));
	h->level = d->level;
	h->sized = d->format == DEFLATE_MEMBERS;
	if (first) {
		h->mtime = d->mtime;
		h->name = d->name;
		h->comment = d->comment;
	}
}

/* Compresses the chunk of len bytes into a member; returns its size, 0 when the engine failed. */
static size_t
member(struct work *w, size_t len, int first)
{
	const uint8_t *in = w->buf + ENGINE_DICT;
	struct gz_head h;
	size_t head, body;

	head_of(w->d, first, &h);
	head = gz_head_size(&h);
	gz_head_write(w->out, &h);
	if ((body = engine_whole(w->engine, in, len, w->out + head)) == 0)
		return 0;
	gz_trailer_write(w->out + head + body, (uint32_t)crc32(crc32(0, NULL, 0), in, (uInt)len), len);
	body += head + GZ_TRAILER;
	gz_size_set(w->out, (uint32_t)body);
	return body;
}

/* Compresses the chunk of len bytes into the next part of the one stream, likewise. */
static size_t
part(struct work *w, size_t len)
{
	const uint8_t *in = w->buf + ENGINE_DICT;
	size_t n = engine_part(w->engine, in - w->dict, w->dict, in, len, w->out);
	size_t keep = len < ENGINE_DICT ? len : ENGINE_DICT;

	if (w->d->format == DEFLATE_ZLIB)
		w->check = (uint32_t)adler32(w->check, in, (uInt)len);
	else
		w->check = (uint32_t)crc32(w->check, in, (uInt)len);
	/* Of a chunk that is smaller than the window the dictionary is that chunk alone. */
	memmove(w->buf + ENGINE_DICT - keep, in + len - keep, keep);
	w->dict = keep;
	return n;
}

/* The header of the one stream, into w->out. */
static size_t
stream_head(struct work *w)
{
	const struct deflate *d = w->d;
	struct gz_head h;
	unsigned cmf = 0x78, flg;

	if (d->format == DEFLATE_SINGLE) {
		head_of(d, 1, &h);
		gz_head_write(w->out, &h);
		return gz_head_size(&h);
	}
	/* RFC 1950 section 2.2: FLEVEL, and FCHECK makes it a multiple of 31. */
	flg = (d->level < 2 ? 0u : d->level < 6 ? 1u : d->level == 6 ? 2u : 3u) << 6;
	flg += 31 - (cmf * 256 + flg) % 31;
	w->out[0] = (uint8_t)cmf;
	w->out[1] = (uint8_t)flg;
	return 2;
}

/* The end of the one stream, into w->out. */
static size_t
stream_end(struct work *w)
{
	uint8_t *p = w->out + ENGINE_END_LEN;

	memcpy(w->out, ENGINE_END, ENGINE_END_LEN);
	if (w->d->format == DEFLATE_SINGLE) {
		gz_trailer_write(p, w->check, w->d->in);
		return ENGINE_END_LEN + GZ_TRAILER;
	}
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(w->check >> (24 - 8 * i));
	return ENGINE_END_LEN + 4;
}

/* Writes w->out[n], whose end is a good place to be cut at. */
static enum deflate_status
emit(struct work *w, int fd, size_t n)
{
	struct stat st;
	off_t before = lseek(fd, 0, SEEK_CUR), after;
	int saved;

	if (io_write(fd, w->out, n) == 0) {
		w->d->out += n;
		return DEFLATE_OK;
	}
	saved = errno;
	after = lseek(fd, 0, SEEK_CUR);
	if (w->d->format == DEFLATE_MEMBERS && w->d->out > 0 && before >= 0 && after > before &&
	    fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == after &&
	    ftruncate(fd, before) == 0)
		lseek(fd, before, SEEK_SET);
	errno = saved;
	return DEFLATE_WRITE;
}

static enum deflate_status
run(struct work *w, int in, int out)
{
	struct deflate *d = w->d;
	int joined = d->format != DEFLATE_MEMBERS;
	enum deflate_status st;

	if (joined && (st = emit(w, out, stream_head(w))) != DEFLATE_OK)
		return st;
	for (int first = 1;; first = 0) {
		ssize_t len = io_read(in, w->buf + ENGINE_DICT, d->chunk);
		size_t n;

		if (len < 0)
			return DEFLATE_READ;
		if (len == 0 && (joined || !first))
			break;
		d->in += (uint64_t)len;
		n = joined ? part(w, (size_t)len) : member(w, (size_t)len, first);
		if (n == 0)
			return DEFLATE_ENGINE;
		if ((st = emit(w, out, n)) != DEFLATE_OK)
			return st;
		if (d->progress != NULL)
			d->progress(d->arg, d->in, d->out);
	}
	return joined ? emit(w, out, stream_end(w)) : DEFLATE_OK;
}

enum deflate_status
deflate_run(struct deflate *d, int in, int out)
{
	struct work w = { .d = d, .check = d->format == DEFLATE_ZLIB };
	enum deflate_status st = DEFLATE_MEMORY;
	struct gz_head h;

	d->in = d->out = 0;
	pipe_grow(in);
	head_of(d, 1, &h);
	if ((w.engine = engine_new(d->level)) == NULL)
		goto out;
	w.buf = malloc(ENGINE_DICT + d->chunk);
	w.out = malloc(gz_head_size(&h) + engine_bound(w.engine, d->chunk) + GZ_TRAILER);
	if (w.buf != NULL && w.out != NULL)
		st = run(&w, in, out);
out:
	free(w.out);
	free(w.buf);
	engine_free(w.engine);
	return st;
}
