/*
 * What can be saved of a damaged gzip file.  A member that decodes and matches its checksum is sound; any other is
 * lost as a whole, since nothing says which of its bytes are right.
 * A lost member's end is proved when its header claims it, and another header, or the end of the file, is there.
 * The size of its data is proved when two witnesses agree: its trailer, the size that its damaged data came to, and
 * its neighbours (all members of a file but the last have the same).  Bytes without a header prove nothing: they may
 * be lost members, or none.
 */
#include <errno.h>
#include <string.h>

#include "gzip/salvage.h"

/* The offset of the first byte at or after at that is not zero; end at most. */
static uint64_t
behind_zeros(struct salvage *v, uint64_t at, uint64_t end)
{
	struct source *s = v->f->in;

	source_seek(s, at);
	inflate_ended(v->f);
	return source_at(s) < end ? source_at(s) : end;
}

/* Tells of the doubt, if there is one. */
static void
settle(struct salvage *v)
{
	if (v->doubt_end != 0)
		v->lost(v->arg, &v->doubt);
	v->doubt_end = 0;
}

/* [at, end) is lost, and nobody knows how much data it had; losses that touch are told of together. */
static void
doubt(struct salvage *v, uint64_t at, uint64_t end, struct inflate_lost l)
{
	if (v->doubt_end != at || v->doubt_end == 0) {
		settle(v);
		v->doubt = l;
		v->doubt.at = at;
	} else {
		v->doubt.least += l.least;
		if (l.kind == INFLATE_LOST_UNKNOWN)
			v->doubt.kind = l.kind;
	}
	v->doubt_end = end;
	v->worst = INFLATE_UNKNOWN;
}

static enum inflate_status
put_zeros(struct salvage *v, uint64_t n)
{
	int rc = sink_zeros(v->f->out, n);

	v->f->error = errno;
	return rc == 0 ? INFLATE_OK : INFLATE_WRITE;
}

/* Tells of a damaged member whose data's size is known. */
static void
tell(struct salvage *v, uint64_t at, uint64_t data_offset, uint64_t len)
{
	struct inflate_lost l = { .kind = len > 0 ? INFLATE_LOST_KNOWN : INFLATE_LOST_NOTHING,
		.at = at,
		.data_offset = data_offset, .len = len };

	settle(v);
	v->lost(v->arg, &l);
	if (v->worst == INFLATE_OK)
		v->worst = INFLATE_LOST;
}

/* Decodes a member into k, up to offset stop at most.  Its header is at offset at; raw: its data is. */
static enum inflate_status
try_member(struct salvage *v, uint64_t at, int raw, uint64_t stop, struct sink *k,
    struct inflate_member *m)
{
	struct inflate *f = v->f;
	struct sink *out = f->out;
	enum inflate_status st;

	memset(m, 0, sizeof(*m));
	f->out = k;
	f->stop = stop;
	f->doubtful = !v->confirmed;
	source_seek(f->in, at);
	st = raw ? inflate_body(f, m) : inflate_member(f, m);
	f->out = out;
	f->stop = UINT64_MAX;
	f->doubtful = 0;
	return st;
}

/*
 * Decodes it into nothing, then into the output if it is sound (or all but its size field is).  When its size is not
 * confirmed, what was read in vain is taken from what is spare.
 */
static enum inflate_status
save_member(struct salvage *v, uint64_t at, int raw, uint64_t stop, struct inflate_member *m)
{
	enum inflate_status st;
	struct sink none;
	uint64_t cost;

	if (!v->confirmed && stop > at + v->heads.spare)
		stop = at + v->heads.spare;
	sink_open(&none, -1);
	st = try_member(v, at, raw, stop, &none, m);
	if (st == INFLATE_OK || (st == INFLATE_LENGTH && !raw)) {
		enum inflate_status again = try_member(v, at, raw, stop, v->f->out, m);

		return again == st || again == INFLATE_WRITE ? again : INFLATE_READ;
	}
	cost = source_at(v->f->in) - at + none.at / GZ_RATIO;
	if (!v->confirmed)
		heads_cost(&v->heads, cost);
	return st;
}

/*
 * The likeliest data size of [at, end), so that what follows has its right offset if that was one member: the data size
 * of a sound neighbour.  0 when there is none, or nothing follows.
 */
static uint64_t
guess(struct salvage *v, uint64_t at, uint64_t end)
{
	uint64_t n = v->last, next = heads_next(&v->heads, end), len;
	struct inflate_member m;
	struct gz_member head, after;
	struct sink none;

	if (end == v->f->in->size)
		return 0;
	if (n == NONE && heads_sized(&v->heads, next, &head, &len) &&
	    next + head.size < v->f->in->size && head.size < v->heads.spare &&
	    heads_sized(&v->heads, next + head.size, &after, &len)) {
		heads_cost(&v->heads, head.size);
		v->confirmed = 1;
		sink_open(&none, -1);
		if (try_member(v, next, 0, next + head.size, &none, &m) == INFLATE_OK)
			n = m.data_size;
	}
	return n != NONE && lost_size_plausible(v, at, end, n) ? n : 0;
}

/* The member at [at, end) is lost; its end is proved.  It has at least min bytes of data. */
static enum inflate_status
lose(struct salvage *v, uint64_t at, uint64_t end, uint64_t made, uint64_t min)
{
	uint64_t n = lost_size_agreed(v, at, end, made), data_offset = v->f->out->at;

	if (n != NONE) {
		tell(v, at, data_offset, n);
		v->last = n > 0 ? n : NONE;
		return put_zeros(v, n);
	}
	doubt(v, at, end, (struct inflate_lost){ .kind = INFLATE_LOST_UNKNOWN,
	    .data_offset = data_offset, .least = min });
	return put_zeros(v, guess(v, at, end));
}

/*
 * At offset at is no header (len 0), or one of len bytes whose size nothing confirms.  Says in *end
 * where the next member may be.
 */
static enum inflate_status
bridge(struct salvage *v, uint64_t at, uint64_t len, uint64_t size, uint64_t *end)
{
	struct inflate *f = v->f;
	struct inflate_lost l = { .kind = len > 0 ? INFLATE_LOST_UNKNOWN : INFLATE_LOST_PERHAPS,
		.data_offset = f->out->at };
	uint64_t stop = heads_next(&v->heads, at + 1), zeros = behind_zeros(v, at, stop), n;
	struct inflate_member m;
	struct gz_member head;
	enum inflate_status st;

	if (stop < f->in->size && heads_sized(&v->heads, stop, &head, &n))
		v->plain = n;
	if (len == 0 && zeros > at && zeros < stop &&
	    heads_look(&v->heads, zeros, &head, &n) == GZ_OK)
		stop = zeros;
	*end = size > 0 && size < stop - at ? at + size : stop;
	if (len == 0 && stop - at > v->plain) {
		/* Only the header may be gone: then the data follows it. */
		st = save_member(v, at + v->plain, 1, stop, &m);
		if (st == INFLATE_READ || st == INFLATE_WRITE || st == INFLATE_MEMORY)
			return st;
		if (st == INFLATE_OK && m.data_size > 0) {
			*end = source_at(f->in);
			tell(v, at, l.data_offset, 0);
			return INFLATE_OK;
		}
	}
	if (v->sure && size > 0 && v->last != NONE)
		l.least = lost_size_least(v, *end - at, len);
	v->sure = 0;
	doubt(v, at, *end, l);
	if (*end - at < GZ_MEMBER_MIN)
		return INFLATE_OK;
	n = *end < f->in->size ? lost_size_agreed(v, at, *end, NONE) : NONE;
	return put_zeros(v, n != NONE ? n : guess(v, at, *end));
}

/* The last member is cut: writes what can still be decoded, though nothing checks it. */
static enum inflate_status
cut(struct salvage *v, uint64_t at, uint64_t len)
{
	struct inflate_lost l = { .kind = INFLATE_LOST_UNKNOWN, .data_offset = v->f->out->at };
	struct inflate_member m;
	enum inflate_status st = try_member(v, at, 0, UINT64_MAX, v->f->out, &m);
	uint64_t done = v->f->out->at - l.data_offset;

	if (st == INFLATE_READ || st == INFLATE_WRITE || st == INFLATE_MEMORY)
		return st;
	if (v->sure && lost_size_least(v, v->f->in->size - at, len) > done)
		l.least = lost_size_least(v, v->f->in->size - at, len) - done;
	doubt(v, at, v->f->in->size, l);
	return INFLATE_OK;
}

/* Saves the member at *at, or what is there in its place, and moves *at behind it. */
static enum inflate_status
step(struct salvage *v, uint64_t *at)
{
	struct source *s = v->f->in;
	struct gz_member head, next;
	struct inflate_member m;
	uint64_t start = *at, len, n, end, data_offset = v->f->out->at;
	int headed = heads_sized(&v->heads, start, &head, &len);
	enum inflate_status st;

	if (headed && head.plain)
		v->plain = len;
	v->confirmed = headed &&
	    (start + head.size == s->size || heads_sized(&v->heads, start + head.size, &next, &n));
	end = v->confirmed ? start + head.size : UINT64_MAX;
	st = save_member(v, start, 0, end, &m);
	*at = source_at(s);
	if (st == INFLATE_OK || st == INFLATE_LENGTH) {
		if (st == INFLATE_LENGTH)
			tell(v, start, data_offset, 0);
		settle(v);
		v->last = m.data_size > 0 ? m.data_size : NONE;
		v->sized = m.head.sized;
		return INFLATE_OK;
	}
	if (st == INFLATE_READ || st == INFLATE_WRITE || st == INFLATE_MEMORY)
		return st;
	v->sized = 1;
	if (v->confirmed) {
		n = st == INFLATE_CHECK && *at == end ? m.data_size : NONE;
		*at = end;
		return lose(v, start, end, n, v->sure ? lost_size_least(v, head.size, len) : 0);
	}
	len = heads_look(&v->heads, start, &head, &len) == GZ_OK ? len : 0;
	if (st == INFLATE_CUT && !headed && heads_next(&v->heads, start + 1) == s->size) {
		*at = s->size;
		return cut(v, start, len);
	}
	return bridge(v, start, len, len > 0 ? head.size : 0, at);
}

static enum inflate_status
run(struct salvage *v)
{
	struct source *s = v->f->in;
	uint64_t at = source_at(s);
	enum inflate_status st = INFLATE_OK;
	struct gz_member head;

	while (st == INFLATE_OK && at < s->size) {
		uint64_t zeros = v->sized ? at : behind_zeros(v, at, s->size), len;

		/* Zeros may be what is left of a member that says its size. */
		if (zeros > at && (zeros == s->size ||
		    heads_look(&v->heads, zeros, &head, &len) != GZ_OK || !head.sized))
			at = zeros;
		else
			st = step(v, &at);
		if (s->failed != 0) {
			v->f->error = s->failed;
			st = INFLATE_READ;
		}
	}
	settle(v);
	source_seek(s, at);
	return st == INFLATE_OK ? v->worst : st;
}

enum inflate_status
inflate_salvage(struct inflate *f, void (*lost)(void *arg, const struct inflate_lost *l), void *arg)
{
	uint64_t at = source_at(f->in), len;
	struct salvage v = { .f = f, .lost = lost, .arg = arg, .last = NONE, .sized = 1, .sure = 1,
		.plain = GZ_SIZED_HEAD,
		.worst = INFLATE_OK };
	enum inflate_status st;
	struct gz_member head;
	int sized;

	heads_open(&v.heads, f->in);
	sized = at < f->in->size &&
	    ((heads_look(&v.heads, at, &head, &len) == GZ_OK && head.sized) ||
	    heads_next(&v.heads, at) < f->in->size);
	source_seek(f->in, at);
	/* Without sizes nothing behind the damage can be found. */
	if (!sized)
		return inflate_all(f);
	st = run(&v);
	if (sink_end(f->out) < 0 && st != INFLATE_WRITE) {
		f->error = errno;
		return INFLATE_WRITE;
	}
	return st;
}
