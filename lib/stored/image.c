/*
 * An image is two parts, one behind the other and each of which may be empty: members, known by an index
 * that hopping from header to header makes; then a file that can be sought: the input itself when it is
 * not compressed, else a temporary one with what the stream's decoder made of the rest.
 */
#include "stored/image.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "gzip/member.h"
#include "gzip/members.h"
#include "gzip/sink.h"
#include "gzip/source.h"

/* The most entries of the index: beyond it every second one is let go, as often as needed. */
#define POINTS 65536u
/* Decoded members are kept up to this many bytes, and at most so many. */
#define KEPT (4u * 1024 * 1024)
#define KEPT_MAX 32

/* Where a member starts. */
struct point {
	uint64_t in, out;
};

/* A member that is decoded: data bytes [from, from + len). */
struct kept {
	uint64_t from, used;
	size_t len;
	uint8_t *data;
};

struct image {
	int fd;
	int own;		/* the descriptor is to be closed */
	struct point *point;
	size_t points, stride;	/* each stands for stride members, the last perhaps for fewer */
	uint64_t members, members_end, members_size;	/* their number, bytes of input, bytes of data */
	size_t in_max, out_max;	/* the largest of them */
	struct member *decoder;
	uint8_t *in;
	struct kept kept[KEPT_MAX];
	size_t slots;
	uint64_t clock;
	int rest;		/* the file behind the members */
	uint64_t rest_size;
	enum inflate_status end;
	uint64_t end_at;
};

static int
add_point(struct image *i, uint64_t in, uint64_t out)
{
	if (i->point == NULL && (i->point = malloc(POINTS * sizeof(*i->point))) == NULL)
		return -1;
	if (i->members++ % i->stride != 0)
		return 0;
	if (i->points == POINTS) {
		for (size_t k = 0; k < POINTS / 2; k++)
			i->point[k] = i->point[2 * k];
		i->points = POINTS / 2;
		i->stride *= 2;
	}
	i->point[i->points++] = (struct point){ .in = in, .out = out };
	return 0;
}

/* The size that a member claims, if one is held in memory and the trailer tells all of its data's size; else 0. */
static size_t
usable(uint64_t size)
{
	return size < GZ_MEMBER_MIN || size > INFLATE_HELD || !gz_size_whole(size) ? 0 : (size_t)size;
}

/*
 * Takes members into the index as long as each says a size that leads to the next one or to the end.
 * A member's trailer and the next one's header come in one read.
 */
static int
hop(struct image *i, uint64_t size)
{
	uint8_t buf[GZ_END_LOOK];
	ssize_t n = io_pread(i->fd, buf, GZ_LOOK, 0);
	size_t member = n > 0 ? usable(gz_size_said(buf, (size_t)n)) : 0;
	struct gz_end e;

	while (n >= 0 && member > 0 && member <= size - i->members_end) {
		uint64_t end = i->members_end + member;
		size_t data, next;

		n = io_pread(i->fd, buf, sizeof(buf), end - GZ_TRAILER);
		if (n < 0 || !gz_end_parse(buf, (size_t)n, &e))
			break;
		data = e.data_size;
		next = usable(e.next);
		if (data > INFLATE_HELD || (next == 0 && end < size))
			break;
		if (add_point(i, i->members_end, i->members_size) < 0)
			return -1;
		if (member > i->in_max)
			i->in_max = member;
		if (data > i->out_max)
			i->out_max = data;
		i->members_end = end;
		i->members_size += data;
		member = next;
	}
	return n < 0 ? -1 : 0;
}

/* Room for what is decoded; the largest member is known by now. */
static int
prepare(struct image *i)
{
	if ((i->decoder = member_new()) == NULL || (i->in = malloc(i->in_max)) == NULL)
		return -1;
	i->slots = KEPT / (i->out_max + 1);
	if (i->slots > KEPT_MAX)
		i->slots = KEPT_MAX;
	if (i->slots == 0)
		i->slots = 1;
	for (size_t k = 0; k < i->slots; k++)
		if ((i->kept[k].data = malloc(i->out_max + 1)) == NULL)
			return -1;
	return 0;
}

static int
copy(struct source *s, struct sink *k)
{
	while (source_fill(s, 1) > 0) {
		size_t n;
		const uint8_t *p = source_peek(s, &n);

		if (sink_write(k, p, n) < 0)
			return -1;
		source_take(s, n);
	}
	errno = s->failed;
	return s->failed != 0 ? -1 : sink_end(k);
}

/* Puts what is left of the source into a file that can be sought, decoded when it is compressed. */
static int
spool(struct image *i, struct source *s, int decode)
{
	struct inflate f = { 0 };
	struct sink k;
	int rc = -1;

	if ((i->rest = io_tmpfile()) < 0)
		return -1;
	sink_open(&k, i->rest);
	if (!decode) {
		rc = copy(s, &k);
	} else if (inflate_open(&f, s, &k) == 0) {
		i->end = inflate_all(&f);
		i->end_at = f.at;
		errno = i->end == INFLATE_MEMORY ? ENOMEM : f.error;
		rc = i->end == INFLATE_READ || i->end == INFLATE_WRITE || i->end == INFLATE_MEMORY ? -1 : 0;
		inflate_close(&f);
	}
	i->rest_size = k.at;
	return rc;
}

static int
open_stream(struct image *i, struct source *s)
{
	size_t n;
	const uint8_t *p;

	source_fill(s, SELFMAG);
	p = source_peek(s, &n);
	if (inflate_knows(p, n))
		return spool(i, s, 1);
	if (s->failed != 0) {
		errno = s->failed;
		return -1;
	}
	if (n >= SELFMAG && memcmp(p, ELFMAG, SELFMAG) == 0)
		return spool(i, s, 0);
	/* It is no core, and may have no end. */
	if ((i->rest = io_tmpfile()) < 0 || io_write(i->rest, p, n) < 0)
		return -1;
	i->rest_size = n;
	return 0;
}

static int
open_file(struct image *i, struct source *s)
{
	uint8_t head[2];
	ssize_t n = io_pread(i->fd, head, sizeof(head), 0);

	if (n < 0)
		return -1;
	if (!inflate_knows(head, (size_t)n)) {
		i->rest = i->fd;
		i->rest_size = s->size;
		return 0;
	}
	if (hop(i, s->size) < 0 || (i->members > 0 && prepare(i) < 0))
		return -1;
	if (i->members > 0 && i->members_end == s->size)
		return 0;
	source_seek(s, i->members_end);
	return spool(i, s, 1);
}

int
image_open(struct image **out, int fd)
{
	struct image *i = calloc(1, sizeof(*i));
	struct source s;
	int rc, saved;

	if (i == NULL)
		return -1;
	i->fd = fd;
	i->rest = -1;
	i->stride = 1;
	if (source_open(&s, fd) < 0) {
		free(i);
		return -1;
	}
	rc = s.seekable ? open_file(i, &s) : open_stream(i, &s);
	saved = errno;
	source_close(&s);
	if (rc < 0) {
		image_close(i);
		errno = saved;
		return -1;
	}
	*out = i;
	return 0;
}

int
image_open_file(struct image **out, const char *path)
{
	int fd = io_open(path), saved;

	if (fd < 0)
		return -1;
	if (image_open(out, fd) < 0) {
		saved = errno;
		if (fd != STDIN_FILENO)
			io_close(fd);
		errno = saved;
		return -1;
	}
	(*out)->own = fd != STDIN_FILENO;
	return 0;
}

void
image_close(struct image *i)
{
	if (i->rest >= 0 && i->rest != i->fd)
		io_close(i->rest);
	if (i->own)
		io_close(i->fd);
	for (size_t k = 0; k < i->slots; k++)
		free(i->kept[k].data);
	member_free(i->decoder);
	free(i->in);
	free(i->point);
	free(i);
}

uint64_t
image_size(const struct image *i)
{
	return i->members_size + i->rest_size;
}

enum inflate_status
image_end(const struct image *i, uint64_t *at)
{
	*at = i->end_at;
	return i->end;
}

/* The nearest entry of the index at or before the data byte. */
static struct point
nearest(const struct image *i, uint64_t offset)
{
	size_t low = 0, high = i->points;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (i->point[mid].out <= offset)
			low = mid;
		else
			high = mid;
	}
	return i->point[low];
}

/* Decodes the member in[len] at point p into a slot.  Returns NULL, having noted it, when it is damaged. */
static struct kept *
decode(struct image *i, struct point p, size_t len, size_t data)
{
	struct kept *k = &i->kept[0];
	struct member_body body;

	for (size_t s = 1; s < i->slots; s++)
		if (i->kept[s].used < k->used)
			k = &i->kept[s];
	k->len = 0;
	if (member_body(i->in, len, &body) && body.data_len == data &&
	    member_decode(i->decoder, &body, k->data)) {
		k->from = p.out;
		k->len = data;
		return k;
	}
	i->end = INFLATE_DATA;
	i->end_at = p.in;
	errno = EBADMSG;
	return NULL;
}

/* The decoded member with the data byte; NULL with errno. */
static struct kept *
find(struct image *i, uint64_t offset)
{
	struct point p;

	for (size_t s = 0; s < i->slots; s++) {
		struct kept *k = &i->kept[s];

		if (offset >= k->from && offset - k->from < k->len)
			return k;
	}
	/* The file may have changed since it was hopped: everything is checked again. */
	for (p = nearest(i, offset);;) {
		uint8_t head[GZ_LOOK];
		ssize_t n = io_pread(i->fd, head, sizeof(head), p.in);
		size_t len = n > 0 ? usable(gz_size_said(head, (size_t)n)) : 0, data;

		if (n < 0)
			return NULL;
		if (len == 0 || len > i->in_max)
			break;
		n = io_pread(i->fd, i->in, GZ_TRAILER, p.in + len - GZ_TRAILER);
		if (n < 0)
			return NULL;
		if (n < (ssize_t)GZ_TRAILER || (data = gz_le32(i->in + 4)) > i->out_max)
			break;
		if (offset - p.out < data) {
			n = io_pread(i->fd, i->in, len, p.in);
			return n < 0 ? NULL : decode(i, p, (size_t)n, data);
		}
		p.in += len;
		p.out += data;
		if (p.in >= i->members_end)
			break;
	}
	i->end = INFLATE_HEAD;
	i->end_at = p.in;
	errno = EBADMSG;
	return NULL;
}

ssize_t
image_read(struct image *i, uint64_t offset, void *buf, size_t len)
{
	uint8_t *to = buf;
	size_t done = 0;
	ssize_t n;

	while (done < len && offset < i->members_size) {
		struct kept *k = find(i, offset);
		size_t from, take;

		if (k == NULL)
			return -1;
		k->used = ++i->clock;
		from = (size_t)(offset - k->from);
		take = k->len - from < len - done ? k->len - from : len - done;
		memcpy(to + done, k->data + from, take);
		done += take;
		offset += take;
	}
	if (done == len || offset - i->members_size >= i->rest_size)
		return (ssize_t)done;
	offset -= i->members_size;
	if (len - done > i->rest_size - offset)
		len = done + (size_t)(i->rest_size - offset);
	n = io_pread(i->rest, to + done, len - done, offset);
	return n < 0 ? -1 : (ssize_t)done + n;
}
