#include "stored/open.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "gzip/sink.h"
#include "stored/restore.h"

/* Bytes that are copied at once. */
#define PIECE (128u * 1024)

static enum stored_status
fail(struct stored *s)
{
	snprintf(s->why, sizeof(s->why), "%s", strerror(errno));
	return STORED_CANNOT;
}

/* As image, or as the stream that the programs make. */
static enum stored_status
open_in_order(struct stored *s, int fd, const char *identity)
{
	if (unpack_open(&s->unpack, fd, identity, UNPACK_OURS) != UNPACK_OK) {
		memcpy(s->why, s->unpack.why, sizeof(s->why));
		return STORED_CANNOT;
	}
	if (s->unpack.count == 0 && io_regular(fd))
		return image_open(&s->image, fd) < 0 ? fail(s) : STORED_OK;
	s->stream = s->unpack.fd;
	return STORED_OK;
}

static enum stored_status
open_copy(struct stored *s, int fd, const char *identity)
{
	struct restore r = { .threads = 1 };
	enum unpack_status st = restore_open(&r, fd, identity, &s->copy);

	memcpy(s->why, r.why, sizeof(s->why));
	if (st == UNPACK_DAMAGED && r.size > 0)
		return STORED_DAMAGED;
	if (st == UNPACK_DAMAGED)
		io_close(s->copy);
	return st == UNPACK_OK ? STORED_OK : STORED_CANNOT;
}

enum stored_status
stored_open(struct stored *s, int fd, const char *identity, int flags)
{
	memset(s, 0, sizeof(*s));
	s->stream = s->copy = -1;
	if (flags & STORED_IN_ORDER)
		return s->status = open_in_order(s, fd, identity);
	if (unpack_needed(fd) && (s->status = open_copy(s, fd, identity)) == STORED_CANNOT)
		return STORED_CANNOT;
	if (image_open(&s->image, s->copy >= 0 ? s->copy : fd) < 0) {
		s->status = fail(s);
		if (s->copy >= 0)
			io_close(s->copy);
	}
	return s->status;
}

enum stored_status
stored_close(struct stored *s)
{
	enum inflate_status end;
	uint64_t at;

	if (s->stream >= 0 && unpack_end(&s->unpack) != UNPACK_OK) {
		memcpy(s->why, s->unpack.why, sizeof(s->why));
		s->status = STORED_DAMAGED;
	}
	if (s->image != NULL) {
		if (s->status == STORED_OK && (end = image_end(s->image, &at)) != INFLATE_OK) {
			snprintf(s->why, sizeof(s->why), "byte %" PRIu64 ": %s", at,
			    inflate_words(end));
			s->status = STORED_DAMAGED;
		}
		image_close(s->image);
	}
	if (s->copy >= 0)
		io_close(s->copy);
	s->image = NULL;
	s->stream = s->copy = -1;
	return s->status;
}

/* Copies all bytes; 0, or -1 with errno. */
static int
copy_image(struct image *i, int to)
{
	uint8_t *buf = io_buffer(PIECE);
	struct sink k;
	ssize_t n = -1;

	if (buf == NULL)
		return -1;
	sink_open(&k, to);
	while ((n = image_read(i, k.at, buf, PIECE)) > 0)
		if (sink_write(&k, buf, (size_t)n) < 0)
			break;
	free(buf);
	return n == 0 ? sink_end(&k) : -1;
}

int
stored_file(struct stored *s)
{
	int fd;

	if (s->copy >= 0)
		return fcntl(s->copy, F_DUPFD_CLOEXEC, 0);
	if ((fd = io_tmpfile()) >= 0 && copy_image(s->image, fd) < 0) {
		int saved = errno;

		io_close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}
