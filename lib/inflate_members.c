/*
 * The reader takes whole members, by the size that each claims, into slots, small ones together;
 * workers decode them in memory and check everything; the writer puts them out in order.  A claim is believed only when the
 * member's data ends exactly where it says: at the first that does not, all stops, and what was
 * read since goes back to the source.
 */
#include "inflate_members.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#ifdef WITH_LIBDEFLATE
#include <libdeflate.h>
#endif

#include "engine.h"
#include "ordered.h"

/* What the functions of the ring fail with. */
enum { STOP = -1, WRITE = -2, MEMORY = -3 };

/* A slot takes members until they are, or would become, this many bytes. */
#define TOGETHER (1024u * 1024)
#define TOGETHER_MAX 64

struct slot {
	uint8_t *in, *out;
	size_t in_room, out_room;
	size_t members, sound;		/* that are here, and of which all is well, from the first on */
	size_t end[TOGETHER_MAX];	/* of each member, in in */
	size_t out_len;			/* of the sound ones */
	size_t taken;			/* bytes of in that are not to be given back */
};

struct members {
	struct inflate *f;
	struct ordered ring;
	struct slot *slot;
	uint64_t at;		/* the writer's: bytes of the input behind what was written */
	int some;		/* the writer's: something was */
#ifdef WITH_LIBDEFLATE
	struct libdeflate_decompressor **engine;	/* of each worker */
#endif
};

/* Makes room for len bytes in *buf, of which the first keep stay; -1 when there is no memory. */
static int
make_room(uint8_t **buf, size_t *room, size_t len, size_t keep)
{
	uint8_t *p;

	if (*room >= len)
		return 0;
	if ((p = malloc(len)) == NULL)
		return -1;
	if (keep > 0)
		memcpy(p, *buf, keep);
	free(*buf);
	*buf = p;
	*room = len;
	return 0;
}

static int
read_members(void *arg, size_t number)
{
	struct members *m = arg;
	struct slot *s = &m->slot[number];
	size_t in = 0, out = 0;

	s->members = s->taken = 0;
	while (s->members < TOGETHER_MAX && in < TOGETHER && out < TOGETHER) {
		uint64_t size = gz_size_peek(m->f->in);
		size_t claim;

		if (size < GZ_MEMBER_MIN || size > INFLATE_HELD)
			break;
		if (make_room(&s->in, &s->in_room, in + (size_t)size, in) < 0)
			return MEMORY;
		in += source_read(m->f->in, s->in + in, (size_t)size);
		claim = gz_le32(s->in + in - 4);
		out += claim < TOGETHER ? claim : TOGETHER;
		s->end[s->members++] = in;
	}
	return s->members > 0;
}

/* Decodes body[len] into out[want]: 0 when both end where they should. */
static int
decode(struct members *m, size_t worker, const uint8_t *body, size_t len, uint8_t *out, size_t want)
{
#ifdef WITH_LIBDEFLATE
	size_t used, made;

	return libdeflate_deflate_decompress_ex(m->engine[worker], body, len, out, want, &used, &made) ==
		    LIBDEFLATE_SUCCESS &&
		used == len && made == want ?
	    0 :
	    -1;
#else
	uint8_t none;
	z_stream z = { .next_in = (uint8_t *)(uintptr_t)body, .avail_in = (uInt)len,
		.next_out = want > 0 ? out : &none, .avail_out = (uInt)want };
	int rc;

	(void)m;
	(void)worker;
	if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return -1;
	rc = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	return rc == Z_STREAM_END && z.avail_in == 0 && z.avail_out == 0 ? 0 : -1;
#endif
}

/* Decodes the member in[len] behind what the slot has in out; 1 when it is sound, 0, or MEMORY. */
static int
decode_member(struct members *m, size_t worker, struct slot *s, const uint8_t *in, size_t len)
{
	struct gz_member head;
	struct source from;
	const uint8_t *t;
	size_t at, want;

	source_memory(&from, in, len);
	if (gz_size_peek(&from) != len || gz_head_read(&from, &head) != GZ_OK)
		return 0;
	at = (size_t)source_at(&from);
	if (len - at < 2 + GZ_TRAILER)
		return 0;
	t = in + len - GZ_TRAILER;
	if ((want = gz_le32(t + 4)) > INFLATE_HELD)
		return 0;
	if (make_room(&s->out, &s->out_room, s->out_len + want + 1, s->out_len) < 0)
		return MEMORY;
	if (decode(m, worker, in + at, len - at - GZ_TRAILER, s->out + s->out_len, want) < 0 ||
	    engine_crc32(0, s->out + s->out_len, want) != gz_le32(t))
		return 0;
	s->out_len += want;
	return 1;
}

static int
decode_members(void *arg, size_t number, size_t worker)
{
	struct members *m = arg;
	struct slot *s = &m->slot[number];
	size_t at = 0;
	int rc;

	s->out_len = 0;
	for (s->sound = 0; s->sound < s->members; s->sound++) {
		size_t end = s->end[s->sound];

		if ((rc = decode_member(m, worker, s, s->in + at, end - at)) < 0)
			return rc;
		if (rc == 0)
			break;
		at = end;
	}
	return 0;
}

static int
write_members(void *arg, size_t number)
{
	struct members *m = arg;
	struct slot *s = &m->slot[number];

	if (s->sound > 0) {
		if (sink_write(m->f->out, s->out, s->out_len) < 0)
			return WRITE;
		m->some = 1;
		s->taken = s->end[s->sound - 1];
		m->at += s->taken;
		if (m->f->progress != NULL)
			m->f->progress(m->f->arg, m->at, m->f->out->at);
	}
	return s->sound < s->members ? STOP : 0;
}

static int
prepare(struct members *m)
{
	if ((m->slot = calloc(m->ring.slots, sizeof(*m->slot))) == NULL)
		return -1;
#ifdef WITH_LIBDEFLATE
	if ((m->engine = calloc(m->ring.workers, sizeof(*m->engine))) == NULL)
		return -1;
	for (size_t i = 0; i < m->ring.workers; i++)
		if ((m->engine[i] = libdeflate_alloc_decompressor()) == NULL)
			return -1;
#endif
	return 0;
}

static void
release(struct members *m)
{
	for (size_t i = 0; m->slot != NULL && i < m->ring.slots; i++) {
		free(m->slot[i].in);
		free(m->slot[i].out);
	}
	free(m->slot);
#ifdef WITH_LIBDEFLATE
	for (size_t i = 0; m->engine != NULL && i < m->ring.workers; i++)
		if (m->engine[i] != NULL)
			libdeflate_free_decompressor(m->engine[i]);
	free(m->engine);
#endif
}

/* Gives the members that were read and not written back to the source, the last first. */
static int
give_back(struct members *m)
{
	for (uint64_t n = m->ring.read_count; n > m->ring.written; n--) {
		struct slot *s = &m->slot[(n - 1) % m->ring.slots];

		if (source_unread(m->f->in, s->in + s->taken, s->end[s->members - 1] - s->taken) < 0)
			return -1;
	}
	return 0;
}

enum inflate_status
inflate_members(struct inflate *f, int *some)
{
	struct members m = { .f = f, .at = source_at(f->in) };
	enum inflate_status st = INFLATE_OK;
	int rc = MEMORY;

	m.ring = (struct ordered){ .workers = f->threads, .slots = f->threads > 1 ? f->threads + 3 : 1,
		.arg = &m, .read = read_members, .work = decode_members, .write = write_members };
	if (prepare(&m) == 0)
		rc = ordered_run(&m.ring);
	f->error = errno;
	*some = m.some;
	if (rc == WRITE)
		st = INFLATE_WRITE;
	else if (rc == MEMORY || (rc == STOP && give_back(&m) < 0))
		st = INFLATE_MEMORY;
	release(&m);
	return st;
}
