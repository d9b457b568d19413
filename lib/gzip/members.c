/*
 * The reader takes whole members, by the size that each claims, into slots, small ones together;
 * workers decode them in memory and check everything; the writer puts them out in order.  These are
 * jobs, which threads share (ordered.h): where neither side is a pipe, each thread reads its own
 * members, decodes and writes them.  A claim is believed only when the member's data ends exactly
 * where it says: at the first that does not, all stops, and what was read since goes back to the
 * source.
 *
 * Only the reader asks for memory, before a worker has the slot.  When it gets none, what was read
 * is finished, and all starts anew with half as many workers: one is enough.
 */
#include "gzip/members.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/ordered.h"
#include "gzip/member.h"

/* What the functions of the ring fail with. */
enum { STOP = -1, WRITE = -2, MEMORY = -3 };

/*
 * A slot takes members until they are, or would become, this many bytes: as many as gzdeflate's
 * chunk.
 */
#define TOGETHER (256u * 1024)
#define TOGETHER_MAX 64

/* A member of that much data is seldom larger, even if it cannot be compressed. */
#define TOGETHER_IN (TOGETHER + 4096)

struct buffer {
	uint8_t *p;
	size_t room;
	int lent;		/* a part of members.shared, not to be freed */
};

struct slot {
	struct buffer in, out;
	/* how many are here; how many of these, from the first on, are sound */
	size_t members, sound;
	size_t end[TOGETHER_MAX];	/* of each member, in in */
	size_t out_len;			/* of the sound ones */
	size_t taken;			/* bytes of in that are not to be given back */
};

struct members {
	struct inflate *f;
	struct ordered ring;
	struct slot *slot;
	/*
	 * TOGETHER + TOGETHER_IN bytes for each slot, in huge pages, which saves hundreds of faults:
	 * in a virtual machine, one took as long as decoding 30 KB.
	 */
	uint8_t *shared;
	size_t *order;		/* the reader's: by chunk, modulo ring.slots, its slot */
	uint64_t chunks;	/* the reader's: how many there were */
	uint64_t at;		/* the writer's: bytes of the input behind what was written */
	int some;		/* the writer's: something was */
	int lack;		/* the reader's: there was no memory */
	struct member **decoder;	/* of each worker */
};

/* Makes room for len bytes, of which the first keep stay; -1 when there is no memory. */
static int
make_room(struct buffer *b, size_t len, size_t keep)
{
	uint8_t *p;

	if (b->room >= len)
		return 0;
	if ((p = malloc(len)) == NULL)
		return -1;
	if (keep > 0)
		memcpy(p, b->p, keep);
	if (!b->lent)
		free(b->p);
	*b = (struct buffer){ .p = p, .room = len };
	return 0;
}

static void
free_buffer(struct buffer *b)
{
	if (!b->lent)
		free(b->p);
}

/* Whether a member that says this size is held. */
static int
holdable(uint64_t size)
{
	return size >= GZ_MEMBER_MIN && size <= INFLATE_HELD;
}

/* Gives what was read for a slot back to the source; -1 when there is no memory for that either. */
static int
unread(struct members *m, struct slot *s, size_t len)
{
	struct source *from = m->f->in;

	m->lack = 1;
	s->members = 0;
	if (!from->seekable)
		return source_unread(from, s->in.p, len);
	source_seek(from, source_at(from) - len);
	return 0;
}

static int
read_members(void *arg, size_t number)
{
	struct members *m = arg;
	struct slot *s = &m->slot[number];
	size_t in = 0, out = 0;

	s->members = s->taken = 0;
	while (s->members < TOGETHER_MAX && out < TOGETHER) {
		uint64_t size = gz_size_peek(m->f->in);
		size_t claim;

		if (!holdable(size) || (in > 0 && in + size > TOGETHER))
			break;
		if (make_room(&s->in, in + (size_t)size, in) < 0) {
			m->lack = s->members == 0;
			break;
		}
		in += source_read(m->f->in, s->in.p + in, (size_t)size);
		claim = gz_le32(s->in.p + in - 4);
		/* What claims more is not decoded here. */
		out += claim <= INFLATE_HELD ? claim : 0;
		s->end[s->members++] = in;
	}
	if (s->members > 0 && make_room(&s->out, out, 0) < 0 &&
	    unread(m, s, in) < 0)
		return MEMORY;
	if (s->members == 0)
		return 0;
	m->order[m->chunks++ % m->ring.slots] = number;
	return 1;
}

/* Decodes the member in[len] behind what the slot has in out; whether it is sound. */
static int
decode_member(struct members *m, size_t worker, struct slot *s, const uint8_t *in, size_t len)
{
	struct member_body body;

	if (!member_body(in, len, &body) || body.data_len > INFLATE_HELD)
		return 0;
	if (!member_decode(m->decoder[worker], &body, s->out.p + s->out_len))
		return 0;
	s->out_len += body.data_len;
	return 1;
}

static int
decode_members(void *arg, size_t number, size_t worker)
{
	struct members *m = arg;
	struct slot *s = &m->slot[number];
	size_t at = 0;

	s->out_len = 0;
	for (s->sound = 0; s->sound < s->members; s->sound++) {
		size_t end = s->end[s->sound];

		if (!decode_member(m, worker, s, s->in.p + at, end - at))
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
		if (sink_write(m->f->out, s->out.p, s->out_len) < 0)
			return WRITE;
		m->some = 1;
		s->taken = s->end[s->sound - 1];
		m->at += s->taken;
		if (m->f->progress != NULL)
			m->f->progress(m->f->arg, m->at, m->f->out->at);
	}
	return s->sound < s->members ? STOP : 0;
}

/*
 * Memory for the decoders, and for slots of members like the one that comes; -1 when there is none.
 */
static int
prepare(struct members *m, uint64_t size)
{
	if ((m->slot = calloc(m->ring.slots, sizeof(*m->slot))) == NULL ||
	    (m->shared = io_huge_buffer(m->ring.slots * (TOGETHER + TOGETHER_IN))) == NULL)
		return -1;
	if ((m->order = calloc(m->ring.slots, sizeof(*m->order))) == NULL)
		return -1;
	m->chunks = 0;
	if ((m->decoder = calloc(m->ring.workers, sizeof(*m->decoder))) == NULL)
		return -1;
	for (size_t i = 0; i < m->ring.workers; i++)
		if ((m->decoder[i] = member_new()) == NULL)
			return -1;
	for (size_t i = 0; i < m->ring.slots; i++) {
		struct slot *s = &m->slot[i];

		s->out = (struct buffer){ .p = m->shared + i * (TOGETHER + TOGETHER_IN),
			.room = TOGETHER, .lent = 1 };
		s->in = (struct buffer){ .p = s->out.p + TOGETHER, .room = TOGETHER_IN,
			.lent = 1 };
		if (make_room(&s->in, (size_t)size, 0) < 0)
			return -1;
	}
	return 0;
}

static void
release(struct members *m)
{
	for (size_t i = 0; m->slot != NULL && i < m->ring.slots; i++) {
		free_buffer(&m->slot[i].in);
		free_buffer(&m->slot[i].out);
	}
	free(m->slot);
	free(m->shared);
	for (size_t i = 0; m->decoder != NULL && i < m->ring.workers; i++)
		member_free(m->decoder[i]);
	free(m->decoder);
	free(m->order);
	m->slot = NULL;
	m->shared = NULL;
	m->order = NULL;
	m->decoder = NULL;
}

/* Gives the members that were read and not written back to the source, the last first. */
static int
give_back(struct members *m)
{
	if (m->f->in->seekable) {
		source_seek(m->f->in, m->at);
		return 0;
	}
	for (uint64_t n = m->ring.read_count; n > m->ring.written; n--) {
		struct slot *s = &m->slot[m->order[(n - 1) % m->ring.slots]];

		if (source_unread(m->f->in, s->in.p + s->taken,
		    s->end[s->members - 1] - s->taken) < 0)
			return -1;
	}
	return 0;
}

enum inflate_status
inflate_members(struct inflate *f, int *some)
{
	struct members m = { .f = f, .at = source_at(f->in) };
	enum inflate_status st = INFLATE_OK;
	uint64_t size = gz_size_peek(f->in);
	size_t workers = f->threads;
	int rc = 0, pipes = !f->in->seekable && f->out->waits;

	for (m.lack = 1; holdable(size) && m.lack && rc == 0 && workers > 0; workers /= 2) {
		m.lack = 0;
		m.ring = (struct ordered){ .workers = workers,
			.slots = workers > 1 ? workers + (pipes ? 3 : 2) : 1,
			.reads_wait = !f->in->seekable, .writes_wait = f->out->waits,
			.arg = &m, .read = read_members, .work = decode_members,
			.write = write_members };
		if (prepare(&m, size) < 0)
			m.lack = 1;
		else if ((rc = ordered_run(&m.ring)) < 0)
			f->error = errno;
		if (rc == STOP && give_back(&m) < 0)
			rc = MEMORY;
		release(&m);
	}
	*some = m.some;
	if (rc == WRITE)
		st = INFLATE_WRITE;
	else if (rc == MEMORY || (rc == 0 && m.lack && holdable(size)))
		st = INFLATE_MEMORY;
	return st;
}

struct inflate_held {
	struct buffer in, out;
	struct member *decoder;
};

void
inflate_held_free(struct inflate_held *h)
{
	if (h == NULL)
		return;
	free_buffer(&h->in);
	free_buffer(&h->out);
	member_free(h->decoder);
	free(h);
}

/*
 * Decodes the member at h->in.p[len] to h->out, and fills in m.  Returns 1 when it is sound, else
 * 0; -1 when there is no memory.
 */
static int
decode_held(struct inflate_held *h, size_t len, struct inflate_member *m)
{
	struct member_body body;
	struct source from;

	if (!member_body(h->in.p, len, &body) || body.data_len > INFLATE_HELD)
		return 0;
	if (make_room(&h->out, body.data_len + 1, 0) < 0)
		return -1;
	if (!member_decode(h->decoder, &body, h->out.p))
		return 0;
	source_memory(&from, h->in.p, len);
	gz_head_read(&from, &m->head, UINT64_MAX);
	m->data_size = body.data_len;
	m->check = body.crc;
	return 1;
}

enum inflate_status
inflate_held(struct inflate *f, struct inflate_held **held, struct inflate_member *m, int *done)
{
	uint64_t at = source_at(f->in), size = gz_size_peek(f->in);
	struct inflate_held *h = *held;
	size_t n;

	*done = 0;
	if (!holdable(size))
		return INFLATE_OK;
	if (h == NULL &&
	    ((h = *held = calloc(1, sizeof(*h))) == NULL || (h->decoder = member_new()) == NULL))
		return INFLATE_MEMORY;
	if (make_room(&h->in, (size_t)size, 0) < 0)
		return INFLATE_MEMORY;
	n = source_read(f->in, h->in.p, (size_t)size);
	if (n == size)
		*done = decode_held(h, n, m);
	/* A file of sizes that lie would be read anew for each. */
	f->doubtful = *done == 0;
	if (*done == 0 && f->in->seekable)
		source_seek(f->in, at);
	else if (*done < 0 || (*done == 0 && source_unread(f->in, h->in.p, n) < 0))
		return INFLATE_MEMORY;
	if (*done && sink_write(f->out, h->out.p, (size_t)m->data_size) < 0) {
		f->error = errno;
		return INFLATE_WRITE;
	}
	return INFLATE_OK;
}
