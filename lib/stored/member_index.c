#include "stored/member_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/search.h"
#include "gzip/inflate.h"
#include "gzip/members.h"

/* The most points of the index: beyond that every second one is dropped, as often as needed. */
#define POINTS 65536u
/* Decoded members are kept up to this many bytes. */
#define KEPT_BYTES (4u * 1024 * 1024)

static int
add_point(struct member_index *x, uint64_t in, uint64_t out)
{
	if (x->point == NULL && (x->point = malloc(POINTS * sizeof(*x->point))) == NULL)
		return -1;
	if (x->members++ % x->stride != 0)
		return 0;
	if (x->points == POINTS) {
		for (size_t k = 0; k < POINTS / 2; k++)
			x->point[k] = x->point[2 * k];
		x->points = POINTS / 2;
		x->stride *= 2;
	}
	x->point[x->points++] = (struct member_point){ .in = in, .out = out };
	return 0;
}

/*
 * The size that a member claims, if one of that size is held in memory and its trailer tells all of
 * its data's size; else 0.
 */
static size_t
usable_size(uint64_t size)
{
	return size < GZ_MEMBER_MIN || size > INFLATE_HELD || !gz_size_whole(size) ? 0 :
	    (size_t)size;
}

/*
 * Takes members into the index as long as each says a size that leads to the next one or to the end
 * of the file.  A member's trailer and the next one's header come in one read.
 */
static int
hop(struct member_index *x, uint64_t size)
{
	uint8_t buf[GZ_END_LOOK];
	ssize_t n = io_pread(x->fd, buf, GZ_LOOK, 0);
	size_t member = n > 0 ? usable_size(gz_size_said(buf, (size_t)n)) : 0;
	struct gz_end e;

	while (n >= 0 && member > 0 && member <= size - x->end) {
		uint64_t end = x->end + member;
		size_t next;

		n = io_pread(x->fd, buf, sizeof(buf), end - GZ_TRAILER);
		if (n < 0 || !gz_end_parse(buf, (size_t)n, &e))
			break;
		next = usable_size(e.next);
		if (e.data_size > INFLATE_HELD || (next == 0 && end < size))
			break;
		if (add_point(x, x->end, x->size) < 0)
			return -1;
		if (member > x->in_max)
			x->in_max = member;
		if (e.data_size > x->out_max)
			x->out_max = e.data_size;
		x->end = end;
		x->size += e.data_size;
		member = next;
	}
	return n < 0 ? -1 : 0;
}

/* Makes room for what is decoded; the largest member is known by now. */
static int
make_room(struct member_index *x)
{
	if ((x->decoder = member_new()) == NULL || (x->in = malloc(x->in_max)) == NULL)
		return -1;
	x->slots = KEPT_BYTES / (x->out_max + 1);
	if (x->slots > MEMBER_INDEX_KEPT)
		x->slots = MEMBER_INDEX_KEPT;
	if (x->slots == 0)
		x->slots = 1;
	for (size_t k = 0; k < x->slots; k++)
		if ((x->kept[k].data = malloc(x->out_max + 1)) == NULL)
			return -1;
	return 0;
}

int
member_index_open(struct member_index *x, int fd, uint64_t size)
{
	memset(x, 0, sizeof(*x));
	x->fd = fd;
	x->stride = 1;
	return hop(x, size) < 0 || (x->members > 0 && make_room(x) < 0) ? -1 : 0;
}

void
member_index_close(struct member_index *x)
{
	for (size_t k = 0; k < x->slots; k++)
		free(x->kept[k].data);
	member_free(x->decoder);
	free(x->in);
	free(x->point);
}

/* The nearest point at or before the data byte. */
static struct member_point
nearest_point(const struct member_index *x, uint64_t offset)
{
	size_t next = SEARCH_AFTER(struct member_point, out, x->point, x->points, offset);

	return x->point[next > 0 ? next - 1 : 0];
}

/* Notes that the member at byte at of the file is damaged; NULL with errno. */
static struct member_kept *
note_damage(struct member_index *x, enum inflate_status status, uint64_t at)
{
	x->status = status;
	x->status_at = at;
	errno = EBADMSG;
	return NULL;
}

/*
 * Decodes the member in[len] at point p into the slot that was used least recently; NULL, having
 * noted it: damaged.
 */
static struct member_kept *
decode_member(struct member_index *x, struct member_point p, size_t len, size_t data)
{
	struct member_kept *k = &x->kept[0];
	struct member_body body;

	for (size_t s = 1; s < x->slots; s++)
		if (x->kept[s].used < k->used)
			k = &x->kept[s];
	k->len = 0;
	if (!member_body(x->in, len, &body) || body.data_len != data ||
	    !member_decode(x->decoder, &body, k->data))
		return note_damage(x, INFLATE_DATA, p.in);
	k->from = p.out;
	k->len = data;
	return k;
}

/* The decoded member with the data byte; NULL with errno. */
static struct member_kept *
find_member(struct member_index *x, uint64_t offset)
{
	struct member_point p;

	for (size_t s = 0; s < x->slots; s++) {
		struct member_kept *k = &x->kept[s];

		if (offset >= k->from && offset - k->from < k->len)
			return k;
	}
	/* The file may have changed since it was indexed: everything is checked again. */
	for (p = nearest_point(x, offset); p.in < x->end;) {
		uint8_t head[GZ_LOOK];
		ssize_t n = io_pread(x->fd, head, sizeof(head), p.in);
		size_t len = n > 0 ? usable_size(gz_size_said(head, (size_t)n)) : 0, data;

		if (n < 0)
			return NULL;
		if (len == 0 || len > x->in_max)
			break;
		n = io_pread(x->fd, x->in, GZ_TRAILER, p.in + len - GZ_TRAILER);
		if (n < 0)
			return NULL;
		if (n < (ssize_t)GZ_TRAILER || (data = gz_le32(x->in + 4)) > x->out_max)
			break;
		if (offset - p.out < data) {
			n = io_pread(x->fd, x->in, len, p.in);
			return n < 0 ? NULL : decode_member(x, p, (size_t)n, data);
		}
		p.in += len;
		p.out += data;
	}
	return note_damage(x, INFLATE_HEAD, p.in);
}

ssize_t
member_index_read(struct member_index *x, uint64_t offset, void *buf, size_t len)
{
	struct member_kept *k = find_member(x, offset);
	size_t from;

	if (k == NULL)
		return -1;
	k->used = ++x->clock;
	from = (size_t)(offset - k->from);
	if (len > k->len - from)
		len = k->len - from;
	memcpy(buf, k->data + from, len);
	return (ssize_t)len;
}
