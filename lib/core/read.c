#include "core/read.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "system/pipe.h"

/* Bytes that are read at once. */
#define PIECE (128u * 1024)

static void
finish(struct core *c, uint64_t size)
{
	core_end(c);
	if (size == 0)
		c->bad = "empty";
}

int
core_read_image(struct core *c, struct image *image, uint64_t *size)
{
	uint8_t *buf = io_buffer(PIECE);
	uint64_t at, len;
	int rc = -1, damaged = 0;

	if (buf == NULL)
		return -1;
	*size = image_size(image);
	while (core_next(c, 0, &at, &len)) {
		ssize_t n = 0;

		if (at < *size)
			n = image_read(image, at, buf, len < PIECE ? (size_t)len : PIECE);
		if (n < 0 && errno != EBADMSG)
			goto out;
		damaged |= n < 0;
		if (n <= 0) {
			core_drop(c, at);
			continue;
		}
		for (size_t done = 0; done < (size_t)n;)
			done += core_feed(c, at + done, buf + done, (size_t)n - done);
	}
	finish(c, *size);
	if (damaged && c->bad == NULL)
		c->bad = "damaged where headers, notes or modules are";
	rc = 0;
out:
	free(buf);
	return rc;
}

struct stream {
	uint8_t buf[PIECE];	/* first, for its alignment */
	struct core *core;
	int in, out;
	int splices;		/* splice has not been refused yet */
	uint64_t at;
};

/* Passes at most len bytes on, unseen when it can be.  Returns how many, 0 at the end. */
static ssize_t
pass_on(struct stream *s, uint64_t len)
{
	ssize_t n;

	if (s->out >= 0 && s->splices) {
		n = pipe_splice(s->in, s->out, len < PIPE_SIZE ? (size_t)len : PIPE_SIZE);
		if (n >= 0)
			return n;
		if (errno != EINVAL)
			return errno == EPIPE || errno == ENOSPC || errno == EFBIG ? CORE_READ_OUT :
										     CORE_READ_IN;
		s->splices = 0;
	}
	n = io_read_some(s->in, s->buf, len < PIECE ? (size_t)len : PIECE);
	if (n < 0)
		return CORE_READ_IN;
	if (n > 0 && s->out >= 0 && io_write(s->out, s->buf, (size_t)n) < 0)
		return CORE_READ_OUT;
	return n;
}

/* Passes at most len bytes on and shows them to the parser. */
static ssize_t
show_parser(struct stream *s, uint64_t len)
{
	ssize_t n = io_read_some(s->in, s->buf, len < PIECE ? (size_t)len : PIECE);

	if (n < 0)
		return CORE_READ_IN;
	if (n > 0 && s->out >= 0 && io_write(s->out, s->buf, (size_t)n) < 0)
		return CORE_READ_OUT;
	for (size_t done = 0; done < (size_t)n;)
		done += core_feed(s->core, s->at + done, s->buf + done, (size_t)n - done);
	return n;
}

int
core_read_stream(struct core *c, int in, int out, uint64_t *size)
{
	struct stream *s = io_buffer(sizeof(*s));
	ssize_t n;

	*size = 0;
	if (s == NULL)
		return CORE_READ_IN;
	s->core = c;
	s->in = in;
	s->out = out;
	s->splices = 1;
	s->at = 0;
	pipe_grow(in);
	if (out >= 0)
		pipe_grow(out);
	do {
		uint64_t at, len;

		if (out < 0 && c->bad != NULL && !c->is_core)
			n = 0;
		else if (!core_next(c, s->at, &at, &len))
			n = pass_on(s, UINT64_MAX);
		else if (at > s->at)
			n = pass_on(s, at - s->at);
		else
			n = show_parser(s, len);
		if (n > 0)
			s->at += (uint64_t)n;
	} while (n > 0);
	finish(c, s->at);
	*size = s->at;
	free(s);
	return (int)n;
}

size_t
core_read_at(const struct core *c, struct image *image, uint64_t address, void *buf, size_t len)
{
	const struct core_load *l = core_load_at(c, address);
	ssize_t n;

	if (l == NULL)
		return 0;
	if (len > l->len - (address - l->vaddr))
		len = (size_t)(l->len - (address - l->vaddr));
	n = image_read(image, l->offset + (address - l->vaddr), buf, len);
	return n > 0 ? (size_t)n : 0;
}
