/*
 * Each chunk is compressed apart: as a member of its own, or as a part of one stream that ends on
 * a byte boundary and has the last 32 KiB before it as its dictionary.  So chunks depend on input
 * alone and are compressed by as many workers as there are, while one thread reads and one writes
 * (ordered.h).  A slot is a chunk with what belongs to it; all memory is there before the first
 * byte is read.
 */
#include "gzip/deflate.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/io.h"
#include "base/ordered.h"
#include "engine/engine.h"
#include "gzip/header.h"
#include "system/pipe.h"

/* Adaptive levels go one up after this many calm chunks, and this many more after a level was too hard. */
#define CALM 16
#define AFTER_HASTE 32

/* The most chunks of zeros that one slot stands for, and bytes of their members in one write. */
#define ZEROS_MAX 32
#define ZEROS_ROOM (64u * 1024)

struct slot {
	size_t zeros;		/* members only: chunks of zeros before the one that is here */
	int model;		/* the first chunk of zeros: the others become the same member */
	uint8_t *in;		/* ENGINE_DICT bytes of what came before, then the chunk */
	uint8_t *out;
	size_t len, out_len;
	size_t dict;		/* how much of the dictionary is filled, at its end */
	int first;
	uint64_t end;		/* where this chunk ends in the input */
	uint32_t check;		/* of the chunk, when it is a part of one stream */
};

struct work {
	struct deflate *d;
	struct ordered ring;
	struct pipe_input in;
	int out;		/* descriptor */
	struct slot *slot;
	struct engine **engine;	/* of each worker, levels from d->level on */
	size_t levels;
	pthread_mutex_t lock;	/* of the next two */
	int level;		/* adaptive: of the chunk that a worker takes next */
	int calm;		/* chunks since it was changed that could have been harder */
	uint8_t *zeros;		/* the writer's: zeros_count members of a chunk of zeros each */
	size_t zeros_len;	/* of one */
	size_t zeros_count;
	int modelled;		/* the reader's: there has been a slot with such a chunk */
	int ended, error;	/* the reader's: the input has ended; errno of a failed read */
	const uint8_t *tail;	/* the reader's: where the last chunk ends */
	size_t tail_len;
	uint32_t check;		/* the writer's: of one stream, as far as it is written */
};

/* Whether p[n] is zeros; looks no further than the first other byte. */
static int
all_zero(const uint8_t *p, size_t n)
{
	return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

static int
joined(const struct deflate *d)
{
	return d->format != DEFLATE_MEMBERS;
}

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

/*
 * The reader: fills a slot.  The end of the chunk before, its dictionary, goes before it.  Chunks of
 * zeros behind the first are only counted: it costs more to hand them on than to look at them here.
 */
static int
read_chunk(void *arg, size_t number)
{
	struct work *w = arg;
	struct slot *s = &w->slot[number];
	uint8_t *in = s->in + ENGINE_DICT;
	ssize_t n = 0;

	if (w->ended) {
		errno = w->error;
		return w->error != 0 ? -DEFLATE_READ : 0;
	}
	if (joined(w->d) && w->tail_len > 0)
		memmove(in - w->tail_len, w->tail, w->tail_len);
	s->dict = joined(w->d) ? w->tail_len : 0;
	s->first = w->d->in == 0;
	s->model = 0;
	for (s->zeros = 0; s->zeros < ZEROS_MAX; s->zeros++, n = 0) {
		if ((n = pipe_gather(&w->in, in, w->d->chunk)) < 0) {
			if (s->zeros == 0)
				return -DEFLATE_READ;
			w->error = errno;
			n = 0;
		}
		w->d->in += (size_t)n;
		w->ended = (size_t)n < w->d->chunk;
		if (joined(w->d) || s->first || w->ended || !all_zero(in, (size_t)n))
			break;
		if (!w->modelled) {
			w->modelled = s->model = 1;
			break;
		}
	}
	/* An empty input becomes one empty member. */
	if (n == 0 && s->zeros == 0 && (joined(w->d) || !s->first))
		return 0;
	s->len = (size_t)n;
	s->end = w->d->in;
	w->tail_len = s->len < ENGINE_DICT ? s->len : ENGINE_DICT;
	w->tail = in + s->len - w->tail_len;
	return 1;
}

/* Compresses in[len] into a member at out; returns its size, 0 when the engine failed. */
static size_t
member(struct engine *e, const struct gz_head *h, const uint8_t *in, size_t len, uint8_t *out)
{
	size_t head = gz_head_size(h), size;

	gz_head_write(out, h);
	if ((size = engine_whole(e, in, len, out + head)) == 0)
		return 0;
	gz_trailer_write(out + head + size, engine_crc32(0, in, len), len);
	size += head + GZ_TRAILER;
	gz_size_set(out, (uint32_t)size);
	return size;
}

/*
 * The level for the next chunk.  When chunks wait for a worker and none is ready to be written, compression is the
 * slow side: the level goes half the way down at once, as the highest takes a hundred times as long as the lowest.
 * When most of the ring waits to be written, or nothing waits for a worker, reader or writer are: after a while the
 * level goes one up, and later if that was too hard before.
 */
static int
adapt(struct work *w)
{
	struct ordered_load load;
	int level;

	if (ordered_load(&w->ring, &load) < 0)
		return w->d->level;
	pthread_mutex_lock(&w->lock);
	if (load.ready == 0 && load.waiting > 0) {
		if (w->level > w->d->level)
			w->calm = -AFTER_HASTE;
		w->level -= (w->level - w->d->level + 1) / 2;
	} else if (load.ready > w->ring.slots / 2 || load.waiting == 0) {
		if (++w->calm >= CALM && w->level < w->d->level_max) {
			w->level++;
			w->calm = 0;
		}
	}
	level = w->level;
	pthread_mutex_unlock(&w->lock);
	return level;
}

/* A worker: compresses a slot. */
static int
compress_chunk(void *arg, size_t number, size_t worker)
{
	struct work *w = arg;
	struct slot *s = &w->slot[number];
	const uint8_t *in = s->in + ENGINE_DICT;
	struct engine *e;
	struct gz_head h;
	size_t rung;

	s->out_len = 0;
	if (s->len == 0 && !s->first)
		return 0;
	/* Adaptive: the one member of all chunks of zeros is worth the hardest level. */
	rung = w->levels == 1 ? 0 : s->model ? w->levels - 1 : (size_t)(adapt(w) - w->d->level);
	e = w->engine[worker * w->levels + rung];
	if (joined(w->d)) {
		s->out_len = engine_part(e, in - s->dict, s->dict, in, s->len, s->out);
		s->check = w->d->format == DEFLATE_ZLIB ? engine_adler32(1, in, s->len) :
							  engine_crc32(0, in, s->len);
		return s->out_len == 0 ? -DEFLATE_ENGINE : 0;
	}
	head_of(w->d, s->first, &h);
	s->out_len = member(e, &h, in, s->len, s->out);
	return s->out_len == 0 ? -DEFLATE_ENGINE : 0;
}

/* Writing failed: cuts a regular file back to before, where its last whole member ends. */
static void
cut_back(struct work *w, off_t before)
{
	off_t after = lseek(w->out, 0, SEEK_CUR);
	struct stat st;

	if (w->d->format == DEFLATE_MEMBERS && w->d->out > 0 && before >= 0 && after > before &&
	    fstat(w->out, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == after &&
	    ftruncate(w->out, before) == 0)
		lseek(w->out, before, SEEK_SET);
}

/* Writes buf[n]: the head of the stream, its end, or whole members. */
static int
emit(struct work *w, const uint8_t *buf, size_t n)
{
	off_t before = lseek(w->out, 0, SEEK_CUR);
	int saved;

	if (io_write(w->out, buf, n) == 0) {
		w->d->out += n;
		return 0;
	}
	saved = errno;
	cut_back(w, before);
	errno = saved;
	return -DEFLATE_WRITE;
}

/* Keeps copies of the member of a chunk of zeros, as many as are written at once. */
static int
keep_model(struct work *w, const struct slot *s)
{
	size_t n = s->out_len > ZEROS_ROOM / ZEROS_MAX ? ZEROS_ROOM / s->out_len : ZEROS_MAX;

	n = n > 0 ? n : 1;
	if ((w->zeros = malloc(n * s->out_len)) == NULL)
		return -DEFLATE_MEMORY;
	for (size_t i = 0; i < n; i++)
		memcpy(w->zeros + i * s->out_len, s->out, s->out_len);
	w->zeros_len = s->out_len;
	w->zeros_count = n;
	return 0;
}

/* The writer: writes a slot out. */
static int
write_chunk(void *arg, size_t number)
{
	struct work *w = arg;
	struct slot *s = &w->slot[number];
	int rc = 0;

	if (w->d->format == DEFLATE_ZLIB)
		w->check = (uint32_t)adler32_combine(w->check, s->check, (off_t)s->len);
	else if (joined(w->d))
		w->check = (uint32_t)crc32_combine(w->check, s->check, (off_t)s->len);
	for (size_t n, left = s->zeros; rc == 0 && left > 0; left -= n) {
		n = left < w->zeros_count ? left : w->zeros_count;
		rc = emit(w, w->zeros, n * w->zeros_len);
	}
	if (rc == 0 && s->out_len > 0)
		rc = emit(w, s->out, s->out_len);
	if (rc == 0 && s->model)
		rc = keep_model(w, s);
	if (rc == 0 && w->d->progress != NULL)
		w->d->progress(w->d->arg, s->end, w->d->out);
	return rc;
}

/* The header of the one stream. */
static int
write_head(struct work *w, uint8_t *buf)
{
	const struct deflate *d = w->d;
	struct gz_head h;
	unsigned cmf = 0x78, flg;

	if (d->format == DEFLATE_SINGLE) {
		head_of(d, 1, &h);
		gz_head_write(buf, &h);
		return emit(w, buf, gz_head_size(&h));
	}
	/* RFC 1950 section 2.2: FLEVEL, and FCHECK makes it a multiple of 31. */
	flg = (d->level < 2 ? 0u : d->level < 6 ? 1u : d->level == 6 ? 2u : 3u) << 6;
	flg += 31 - (cmf * 256 + flg) % 31;
	buf[0] = (uint8_t)cmf;
	buf[1] = (uint8_t)flg;
	return emit(w, buf, 2);
}

/* The end of the one stream. */
static int
write_end(struct work *w, uint8_t *buf)
{
	uint8_t *p = buf + ENGINE_END_LEN;

	memcpy(buf, ENGINE_END, ENGINE_END_LEN);
	if (w->d->format == DEFLATE_SINGLE) {
		gz_trailer_write(p, w->check, w->d->in);
		return emit(w, buf, ENGINE_END_LEN + GZ_TRAILER);
	}
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(w->check >> (24 - 8 * i));
	return emit(w, buf, ENGINE_END_LEN + 4);
}

/* Allocates the slots with their buffers, and opens the engines.  Returns 0, or -1 with errno. */
static int
prepare(struct work *w)
{
	const struct deflate *d = w->d;
	enum engine_kind kind = joined(d) ? ENGINE_PART : ENGINE_WHOLE;
	size_t room, slots = w->ring.slots, engines = w->ring.workers * w->levels;
	struct gz_head first;

	head_of(d, 1, &first);
	room = gz_head_size(&first) + engine_bound(d->chunk) + GZ_TRAILER;
	w->slot = calloc(slots, sizeof(*w->slot));
	w->engine = calloc(engines, sizeof(*w->engine));
	if (w->slot == NULL || w->engine == NULL)
		return -1;
	for (size_t i = 0; i < slots; i++) {
		w->slot[i].in = io_buffer(ENGINE_DICT + d->chunk);
		w->slot[i].out = malloc(room);
		if (w->slot[i].in == NULL || w->slot[i].out == NULL)
			return -1;
	}
	for (size_t i = 0; i < engines; i++)
		if ((w->engine[i] = engine_new(kind, d->level + (int)(i % w->levels))) == NULL)
			return -1;
	return 0;
}

static void
release(struct work *w)
{
	for (size_t i = 0; w->slot != NULL && i < w->ring.slots; i++) {
		free(w->slot[i].in);
		free(w->slot[i].out);
	}
	for (size_t i = 0; w->engine != NULL && i < w->ring.workers * w->levels; i++)
		engine_free(w->engine[i]);
	free(w->slot);
	free(w->engine);
	free(w->zeros);
}

int
deflate_levels(const char *text, int *min, int *max)
{
	if (text[0] < '0' || text[0] > '9' || text[1] != '-' || text[2] < text[0] ||
	    text[2] > '9' || text[3] != '\0')
		return -1;
	*min = text[0] - '0';
	*max = text[2] - '0';
	return 0;
}

enum deflate_status
deflate_run(struct deflate *d, int in, int out)
{
	struct work w = { .d = d, .out = out, .check = d->format == DEFLATE_ZLIB };
	int rc = -DEFLATE_MEMORY, saved;

	d->in = d->out = 0;
	pthread_mutex_init(&w.lock, NULL);
	w.level = d->level;
	w.levels = d->level_max > d->level ? (size_t)(d->level_max - d->level) + 1 : 1;
	/* Adaptive levels need more slots than workers: else nobody can tell who waits for whom. */
	w.ring = (struct ordered){ .workers = d->threads,
		.slots = w.levels > 1 ? d->threads + 6 : d->threads > 1 ? d->threads + 3 : 1,
		.reads_wait = 1, .writes_wait = 1, .arg = &w,
		.read = read_chunk, .work = compress_chunk, .write = write_chunk };
	pipe_open(&w.in, in);
	if (prepare(&w) == 0) {
		rc = joined(d) ? write_head(&w, w.slot[0].out) : 0;
		if (rc == 0)
			rc = ordered_run(&w.ring);
		if (rc == 0 && joined(d))
			rc = write_end(&w, w.slot[0].out);
	}
	saved = errno;
	release(&w);
	pipe_close(&w.in);
	pthread_mutex_destroy(&w.lock);
	errno = saved;
	return (enum deflate_status)-rc;
}
