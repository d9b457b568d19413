/* From member to member: all of them, a list, a range. */
#include <errno.h>
#include <string.h>

#include "gzip/inflate.h"
#include "gzip/members.h"

/* Decodes the first member, or a zlib stream in its place; *zlib says which. */
static enum inflate_status
first(struct inflate *f, struct inflate_member *m, int *zlib)
{
	enum inflate_status st;

	*zlib = 0;
	if (source_fill(f->in, 1) == 0)
		return f->in->failed != 0 ? inflate_ended_early(f) : INFLATE_EMPTY;
	if ((st = inflate_member(f, m)) != INFLATE_FORMAT)
		return st;
	*zlib = 1;
	return inflate_zlib(f, m);
}

/*
 * Takes the zeros behind a member, which are padding; *more says whether more follows.  Nobody pads
 * between members that say their sizes, as this one does if sized: there zeros are members that a
 * disk has lost.
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
		return f->in->failed != 0 ? inflate_ended_early(f) : INFLATE_OK;
	if (sized && source_at(f->in) != f->at && gz_size_peek(f->in) != 0)
		return INFLATE_HEAD;
	return INFLATE_OK;
}

/* A walk from member to member. */
struct walk {
	int begun;		/* there has been a member */
	uint64_t stop;		/* the walk ends with a member whose data ends at or behind this */
	/* Members whose data ends at or before hop_to need not be decoded, if the input can be sought. */
	int hops;
	uint64_t hop_to;
	/* Called for each member, unless NULL. */
	void (*seen)(void *arg, const struct inflate_member *m);
	void *arg;
};

/*
 * Passes over the member that comes when it claims a size that leads to another such member or to
 * the end, its trailer can tell the size of its data, and that ends at or before limit.  Fills in m
 * and returns 1, else moves nothing.
 */
static int
hop(struct inflate *f, struct inflate_member *m, uint64_t limit)
{
	struct source *s = f->in;
	uint64_t at = source_at(s), left = s->size > at ? s->size - at : 0, size, len;
	uint8_t bytes[GZ_END_LOOK];
	struct gz_end end;
	size_t n;

	if (gz_head_look(s, at, &m->head, &len, UINT64_MAX) != GZ_OK)
		size = 0;
	else
		size = m->head.size;
	source_seek(s, at);
	if (size < len + 2 + GZ_TRAILER || size > left || !gz_size_whole(size))
		return 0;
	n = source_look(s, at + size - GZ_TRAILER, bytes, sizeof(bytes));
	if (!gz_end_parse(bytes, n, &end) || (end.next == 0 && size < left) ||
	    f->out->at > limit || end.data_size > limit - f->out->at)
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
	const struct walk w = { .stop = UINT64_MAX, .hops = 1, .hop_to = UINT64_MAX,
		.seen = seen, .arg = arg };

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
