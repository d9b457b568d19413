/*
 * What can be saved of a damaged gzip file.  A member that decodes and matches its checksum is
 * sound; any other is lost as a whole, since nothing says which of its bytes are right.  Its end
 * is where its size field says, if a header stands there, else where the next header with a size
 * field is found.  How much data it had is in its own trailer, which may be damaged as well, and can
 * be seen from its neighbours: all but the last member of a file have a regular chunk.  Where headers
 * are lost more than one member may be: that is only known when two have no room there.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "inflate.h"

/* No member of n bytes is smaller: DEFLATE makes at most 1032 of one byte. */
#define MEMBER_LEAST(n) ((n) / 1032 + GZ_SIZED_HEAD + GZ_TRAILER)
/* Nor larger, with a plain header: stored blocks cost 5 bytes for each, of some KiB. */
#define MEMBER_MOST(n) ((n) + (n) / 512 + 256)

struct salvage {
	struct inflate *f;
	void (*lost)(void *arg, uint64_t at, uint64_t data_offset, uint64_t len);
	void *arg;
	uint64_t last;		/* the size of the data of the member before, 0 when not known */
	enum inflate_status worst;
};

/* Whether a header with a size that stays inside the file stands at offset at. */
static int
sized_head(struct inflate *f, uint64_t at, struct gz_member *m)
{
	source_seek(f->in, at);
	return gz_head_read(f->in, m) == GZ_OK && m->size >= GZ_MEMBER_MIN &&
	    m->size <= f->in->size - at;
}

/* The offset of the next plain header with a size from from on; the file's size when there is none. */
static uint64_t
next_head(struct inflate *f, uint64_t from)
{
	struct source *s = f->in;
	struct gz_member m;

	source_seek(s, from);
	while (source_fill(s, GZ_SIZED_HEAD) >= GZ_SIZED_HEAD) {
		const uint8_t *p, *hit;
		uint64_t at = source_at(s);
		size_t n;

		p = source_peek(s, &n);
		hit = memchr(p, 0x1f, n - (GZ_SIZED_HEAD - 1));
		if (hit == NULL) {
			source_take(s, n - (GZ_SIZED_HEAD - 1));
			continue;
		}
		at += (uint64_t)(hit - p);
		/*
		 * Method, flags, and a field of 8 bytes: the head of a member that is not the first.
		 * Others may be of any length, and would be read anew for each that is made up.
		 */
		if (memcmp(hit, "\x1f\x8b\x08\x04", 4) == 0 && memcmp(hit + 10, "\10\0IG\4\0", 6) == 0 &&
		    sized_head(f, at, &m))
			return at;
		source_seek(s, at + 1);
	}
	return s->size;
}

/* The size in the trailer of the member that ends at offset end. */
static uint64_t
trailer_size(struct inflate *f, uint64_t end)
{
	const uint8_t *p;
	size_t n;

	source_seek(f->in, end - 4);
	if (source_fill(f->in, 4) < 4)
		return 0;
	p = source_peek(f->in, &n);
	return gz_le32(p);
}

static void
worsen(struct salvage *v, enum inflate_status st)
{
	if (v->worst == INFLATE_UNKNOWN)
		return;
	v->worst = st;
}

/* Decodes a member with its header at offset at, or its data there when raw, into k. */
static enum inflate_status
try_member(struct inflate *f, uint64_t at, int raw, struct sink *k, struct inflate_member *m)
{
	struct sink *out = f->out;
	enum inflate_status st;

	memset(m, 0, sizeof(*m));
	f->out = k;
	source_seek(f->in, at);
	st = raw ? inflate_body(f, m) : inflate_member(f, m);
	f->out = out;
	return st;
}

/* Decodes it into nothing, and when it is sound (or sound but for its size field) into the output. */
static enum inflate_status
save_member(struct inflate *f, uint64_t at, int raw, uint64_t *end, struct inflate_member *m)
{
	enum inflate_status st;
	struct sink none;

	sink_open(&none, -1);
	st = try_member(f, at, raw, &none, m);
	*end = source_at(f->in);
	if (st == INFLATE_OK || st == INFLATE_LENGTH) {
		enum inflate_status again = try_member(f, at, raw, f->out, m);

		if (again != st)
			return again == INFLATE_WRITE ? again : INFLATE_READ;
	}
	return st;
}

/* Whether the member that lies at [at, end) can have had n bytes of data. */
static int
plausible(struct inflate *f, uint64_t at, uint64_t end, uint64_t n)
{
	struct gz_member head;
	uint64_t size = end - at;

	/* What a header has beyond the plain one says nothing of the data. */
	if (sized_head(f, at, &head) && source_at(f->in) - at < size)
		size -= source_at(f->in) - at - GZ_SIZED_HEAD;
	/* Of nothing: a header, one block without codes, a trailer. */
	if (n == 0)
		return size <= GZ_SIZED_HEAD + 5 + GZ_TRAILER;
	return MEMBER_LEAST(n) <= size && size <= MEMBER_MOST(n);
}

/* The size of the data of the next readable member from at on, 0 when it is the last or none. */
static uint64_t
next_size(struct inflate *f, uint64_t at)
{
	struct gz_member head;
	uint64_t n;

	at = next_head(f, at);
	if (at == f->in->size || !sized_head(f, at, &head) || at + head.size == f->in->size)
		return 0;
	n = trailer_size(f, at + head.size);
	return plausible(f, at, at + head.size, n) ? n : 0;
}

/*
 * Puts zeros for the member that lies at [at, end), as many as its data had; exact: it is one
 * member, surely.  What its trailer says is believed when a neighbour has as much, or none speaks
 * against it; the neighbours, when they agree and the trailer cannot be right.
 */
static enum inflate_status
fill(struct salvage *v, uint64_t at, uint64_t end, int exact)
{
	struct inflate *f = v->f;
	uint64_t n = trailer_size(f, end), next = next_size(f, end);
	int known, can = plausible(f, at, end, n);

	if (n != 0 && (n == v->last || n == next)) {
		known = exact || end - at < 2 * MEMBER_LEAST(n);
	} else if (end == f->in->size) {
		known = exact && can && (v->last == 0 || n <= v->last);
	} else if (can) {
		known = exact && v->last == 0 && next == 0;
	} else {
		n = v->last != 0 ? v->last : next;
		known = exact && n != 0 && (v->last == 0 || next == 0 || v->last == next);
	}
	if (!known && !can && n != v->last && n != next)
		n = v->last;
	if (known)
		v->last = n;
	v->lost(v->arg, at, f->out->at, known ? n : UINT64_MAX);
	worsen(v, known ? INFLATE_LOST : INFLATE_UNKNOWN);
	if (sink_zeros(f->out, n) < 0) {
		f->error = errno;
		return INFLATE_WRITE;
	}
	return INFLATE_OK;
}

/*
 * The member at offset at is damaged, or no member stands there.  Saves or fills what lies up to
 * the next header, and says in *end where that is.
 */
static enum inflate_status
bridge(struct salvage *v, uint64_t at, uint64_t *end)
{
	struct inflate *f = v->f;
	struct inflate_member m;
	struct gz_member head;
	enum inflate_status st;
	struct sink none;
	int headed = sized_head(f, at, &head);
	uint64_t stop;

	if (headed && (at + head.size == f->in->size || sized_head(f, at + head.size, &m.head))) {
		*end = at + head.size;
		return fill(v, at, *end, 1);
	}
	stop = next_head(f, at + 1);
	if (!headed && f->in->size - at > GZ_SIZED_HEAD) {
		/* Only the header may be gone; the data follows it. */
		sink_open(&none, -1);
		if (try_member(f, at + GZ_SIZED_HEAD, 1, &none, &m) == INFLATE_OK &&
		    (*end = source_at(f->in)) <= stop) {
			v->lost(v->arg, at, f->out->at, 0);
			worsen(v, INFLATE_LOST);
			st = try_member(f, at + GZ_SIZED_HEAD, 1, f->out, &m);
			return st == INFLATE_OK ? st : st == INFLATE_WRITE ? st : INFLATE_READ;
		}
	}
	*end = headed && at + head.size < stop ? at + head.size : stop;
	if (*end - at < GZ_MEMBER_MIN || (!headed && stop == f->in->size)) {
		/* No trailer belongs to it: nothing says how much this was. */
		*end = stop;
		v->lost(v->arg, at, f->out->at, UINT64_MAX);
		worsen(v, INFLATE_UNKNOWN);
		return INFLATE_OK;
	}
	return fill(v, at, *end, headed && at + head.size == *end);
}

/* The last member is cut: what it still holds is sound as far as it goes, and goes out. */
static enum inflate_status
cut(struct salvage *v, uint64_t at)
{
	struct inflate_member m;
	enum inflate_status st = try_member(v->f, at, 0, v->f->out, &m);

	if (st == INFLATE_READ || st == INFLATE_WRITE || st == INFLATE_MEMORY)
		return st;
	v->lost(v->arg, at, v->f->out->at, UINT64_MAX);
	worsen(v, INFLATE_UNKNOWN);
	return v->worst;
}

/* Whether the size field of a member stands at offset at, though its header is none. */
static int
member_like(struct inflate *f, uint64_t at)
{
	const uint8_t *p;
	size_t n;

	source_seek(f->in, at);
	if (source_fill(f->in, GZ_SIZED_HEAD) < GZ_SIZED_HEAD)
		return 0;
	p = source_peek(f->in, &n);
	return memcmp(p + 12, "IG\4\0", 4) == 0;
}

static enum inflate_status
run(struct salvage *v)
{
	struct inflate *f = v->f;
	struct source *s = f->in;
	uint64_t at = source_at(s), end;
	struct inflate_member m;
	struct gz_member head;
	enum inflate_status st;

	while (source_seek(s, at), !inflate_ended(f)) {
		uint64_t next = source_at(s);

		/* Zeros before a member without a size are padding; others are what is damaged. */
		if (gz_head_read(s, &head) == GZ_OK && head.size == 0)
			at = next;
		st = save_member(f, at, 0, &end, &m);
		if (st == INFLATE_OK) {
			v->last = m.data_size;
			at = end;
			continue;
		}
		if (st == INFLATE_READ || st == INFLATE_WRITE || st == INFLATE_MEMORY)
			return st;
		if (st == INFLATE_LENGTH) {
			v->lost(v->arg, at, m.data_offset, 0);
			worsen(v, INFLATE_LOST);
			at = end;
			continue;
		}
		if (next_head(f, at + 1) == s->size) {
			if (st == INFLATE_CUT && !sized_head(f, at, &head))
				return cut(v, at);
			if (st == INFLATE_FORMAT && !member_like(f, at)) {
				f->at = next;
				return v->worst == INFLATE_UNKNOWN ? v->worst : INFLATE_TRAILING;
			}
		}
		if ((st = bridge(v, at, &end)) != INFLATE_OK)
			return st;
		at = end;
	}
	return v->worst;
}

enum inflate_status
inflate_salvage(struct inflate *f,
    void (*lost)(void *arg, uint64_t at, uint64_t data_offset, uint64_t len), void *arg)
{
	struct salvage v = { .f = f, .lost = lost, .arg = arg, .worst = INFLATE_OK };
	enum inflate_status st;
	uint64_t at = source_at(f->in);
	struct gz_member head;
	int sized = sized_head(f, at, &head) || next_head(f, at) < f->in->size;

	source_seek(f->in, at);
	/* Without sizes there is nothing to go by: all before the damage is what there is. */
	if (!sized)
		return inflate_all(f);
	st = run(&v);
	if (sink_end(f->out) < 0 && st != INFLATE_WRITE) {
		f->error = errno;
		return INFLATE_WRITE;
	}
	return st;
}

const char *
inflate_lost_words(char words[INFLATE_LOST_WORDS], uint64_t at, uint64_t data_offset, uint64_t len)
{
	if (len == 0)
		snprintf(words, INFLATE_LOST_WORDS, "byte %" PRIu64 ": damaged member: its data, from %" PRIu64
		    ", is whole all the same", at, data_offset);
	else if (len == UINT64_MAX)
		snprintf(words, INFLATE_LOST_WORDS, "byte %" PRIu64 ": lost: how much, from data offset %" PRIu64
		    " on, cannot be known", at, data_offset);
	else
		snprintf(words, INFLATE_LOST_WORDS, "byte %" PRIu64 ": lost: data bytes %" PRIu64 " to %" PRIu64
		    " are zeros instead", at, data_offset, data_offset + len - 1);
	return words;
}
