#include "gzip/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

/* The rest moves so that it ends at a multiple of IO_ALIGN: there the kernel copies fast. */
#define ROOM (SOURCE_SIZE + IO_ALIGN)

int
source_open(struct source *s, int fd)
{
	struct stat st;

	memset(s, 0, sizeof(*s));
	s->fd = fd;
	if (fstat(fd, &st) < 0)
		return -1;
	if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)) {
		off_t at = lseek(fd, 0, SEEK_CUR);
		off_t end = lseek(fd, 0, SEEK_END);

		if (at < 0 || end < 0 || lseek(fd, at, SEEK_SET) < 0)
			return -1;
		s->seekable = 1;
		s->next = (uint64_t)at;
		s->size = (uint64_t)end;
	}
	if ((s->buf = io_buffer(ROOM)) == NULL)
		return -1;
	s->room = ROOM;
	return 0;
}

void
source_memory(struct source *s, const uint8_t *bytes, size_t len)
{
	memset(s, 0, sizeof(*s));
	s->fd = -1;
	s->buf = (uint8_t *)(uintptr_t)bytes;
	s->len = s->room = len;
	s->next = len;
}

void
source_close(struct source *s)
{
	free(s->buf);
	s->buf = NULL;
}

size_t
source_fill(struct source *s, size_t want)
{
	size_t left = s->len - s->pos;

	if (left >= want || s->failed != 0 || s->fd < 0)
		return left;
	s->first = -left % IO_ALIGN;
	memmove(s->buf + s->first, s->buf + s->pos, left);
	s->pos = s->first;
	s->len = s->first + left;
	while (s->len - s->pos < want) {
		size_t room = s->room - s->len;
		ssize_t n;

		if (s->seekable)
			n = io_pread(s->fd, s->buf + s->len, room, s->next);
		else
			n = io_read_some(s->fd, s->buf + s->len, room);
		if (n < 0)
			s->failed = errno;
		if (n <= 0)
			break;
		s->len += (size_t)n;
		s->next += (uint64_t)n;
	}
	return s->len - s->pos;
}

size_t
source_look(struct source *s, uint64_t at, uint8_t *p, size_t n)
{
	uint64_t start = s->next - (s->len - s->first);
	ssize_t got;

	if (at >= start && at <= s->next && n <= s->next - at) {
		memcpy(p, s->buf + s->first + (size_t)(at - start), n);
		return n;
	}
	if (s->failed != 0 || s->fd < 0)
		return 0;
	if ((got = io_pread(s->fd, p, n, at)) < 0)
		s->failed = errno;
	return got > 0 ? (size_t)got : 0;
}

const uint8_t *
source_peek(const struct source *s, size_t *len)
{
	*len = s->len - s->pos;
	return s->buf + s->pos;
}

void
source_take(struct source *s, size_t n)
{
	s->pos += n;
}

size_t
source_read(struct source *s, uint8_t *p, size_t n)
{
	size_t done = 0;

	while (done < n && source_fill(s, 1) > 0) {
		size_t have = s->len - s->pos, take = have < n - done ? have : n - done;

		memcpy(p + done, s->buf + s->pos, take);
		s->pos += take;
		done += take;
	}
	return done;
}

int
source_unread(struct source *s, const uint8_t *p, size_t n)
{
	size_t left = s->len - s->pos,
	    room = (n + left > SOURCE_SIZE ? n + left : SOURCE_SIZE) + IO_ALIGN;
	uint8_t *buf;

	/* Most often they are still there. */
	if (n <= s->pos - s->first) {
		s->pos -= n;
		return 0;
	}
	if ((buf = io_buffer(room)) == NULL)
		return -1;
	memcpy(buf, p, n);
	memcpy(buf + n, s->buf + s->pos, left);
	free(s->buf);
	s->buf = buf;
	s->room = room;
	s->first = s->pos = 0;
	s->len = n + left;
	return 0;
}

int
source_byte(struct source *s)
{
	if (s->pos == s->len && source_fill(s, 1) == 0)
		return -1;
	return s->buf[s->pos++];
}

uint64_t
source_at(const struct source *s)
{
	return s->next - (s->len - s->pos);
}

void
source_seek(struct source *s, uint64_t at)
{
	uint64_t start = s->next - (s->len - s->first);

	if (at >= start && at <= s->next) {
		s->pos = s->first + (size_t)(at - start);
		return;
	}
	s->first = s->pos = s->len = 0;
	s->next = at;
}
