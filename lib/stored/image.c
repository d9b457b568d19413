/*
 * An image is two parts, one behind the other, each of which may be empty: gzip members that say
 * their size, known by an index; then a file that can be sought, which is the input itself when
 * that is not compressed, else a temporary one with what the stream's decoder made of the rest.
 */
#include "stored/image.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "gzip/inflate.h"
#include "gzip/sink.h"
#include "gzip/source.h"
#include "stored/member_index.h"

struct image {
	int fd;
	int own;		/* the descriptor is to be closed */
	struct member_index members;
	int rest;		/* the file behind the members, or -1 */
	uint64_t rest_size;
	int failed;			/* the errno of the first read that the system refused */
	enum inflate_status end;	/* what is amiss of the rest */
	uint64_t end_at;
};

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
		if (i->end != INFLATE_READ && i->end != INFLATE_WRITE && i->end != INFLATE_MEMORY)
			rc = 0;
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
	if (member_index_open(&i->members, i->fd, s->size) < 0)
		return -1;
	if (i->members.end > 0 && i->members.end == s->size)
		return 0;
	source_seek(s, i->members.end);
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
	member_index_close(&i->members);
	free(i);
}

uint64_t
image_size(const struct image *i)
{
	return i->members.size + i->rest_size;
}

enum inflate_status
image_end(const struct image *i, uint64_t *at)
{
	int members = i->members.status != INFLATE_OK;

	*at = members ? i->members.status_at : i->end_at;
	return members ? i->members.status : i->end;
}

/* Remembers why the system refused a read, which may be taken for memory that is not there. */
static ssize_t
fail(struct image *i)
{
	if (i->failed == 0 && errno != EBADMSG)
		i->failed = errno;
	return -1;
}

int
image_failed(const struct image *i)
{
	return i->failed;
}

ssize_t
image_read(struct image *i, uint64_t offset, void *buf, size_t len)
{
	uint8_t *to = buf;
	size_t done = 0;
	ssize_t n;

	while (done < len && offset < i->members.size) {
		if ((n = member_index_read(&i->members, offset, to + done, len - done)) < 0)
			return fail(i);
		done += (size_t)n;
		offset += (uint64_t)n;
	}
	if (done == len || offset - i->members.size >= i->rest_size)
		return (ssize_t)done;
	offset -= i->members.size;
	if (len - done > i->rest_size - offset)
		len = done + (size_t)(i->rest_size - offset);
	n = io_pread(i->rest, to + done, len - done, offset);
	return n < 0 ? fail(i) : (ssize_t)done + n;
}
