/* Buffered input that knows its offset, so that a message can say where the damage is. */
#ifndef GZCORE_GZIP_SOURCE_H
#define GZCORE_GZIP_SOURCE_H

#include <stddef.h>
#include <stdint.h>

struct source {
	int fd;
	int seekable;		/* a regular file or block device, read with pread */
	int failed;		/* the errno of a read that failed, or 0 */
	uint64_t next;		/* offset in fd of the byte after the buffer's last */
	uint64_t size;		/* when seekable: its end */
	uint8_t *buf;
	size_t room;		/* bytes of buf */
	size_t first, pos, len;	/* buf[first .. pos) has been taken, buf[pos .. len) not yet */
};

/* Reads fd from where it stands; offsets are the file's own when it is seekable, else from 0.
 * Returns 0, or -1 with errno.  The descriptor stays the caller's. */
int source_open(struct source *s, int fd);
void source_close(struct source *s);

/*
 * Reads up to n bytes at offset at of a seekable source, and moves nothing, not even the buffer: a
 * look far ahead reads no more than n bytes.  Returns how many; less than n only at the end and
 * where reading failed.
 */
size_t source_look(struct source *s, uint64_t at, uint8_t *p, size_t n);

/* Tries to have at least want bytes (at most SOURCE_SIZE) in the buffer; returns how many are. */
size_t source_fill(struct source *s, size_t want);
#define SOURCE_SIZE (128u * 1024)

/* A source of len bytes in memory, which stay the caller's; not to be closed. */
void source_memory(struct source *s, const uint8_t *bytes, size_t len);

/* Takes up to n bytes into p; returns how many, less than n only at the end. */
size_t source_read(struct source *s, uint8_t *p, size_t n);

/*
 * Gives back the n bytes that were taken last: they come again.  Returns 0, or -1 with errno when
 * there is no memory for them.
 */
int source_unread(struct source *s, const uint8_t *p, size_t n);

/* The *len bytes in the buffer that come next; and taking n of them. */
const uint8_t *source_peek(const struct source *s, size_t *len);
void source_take(struct source *s, size_t n);

/* The next byte, or -1 at the end (or when reading failed: see failed). */
int source_byte(struct source *s);

/* The offset of the byte that comes next. */
uint64_t source_at(const struct source *s);

/* Goes to offset at, which is only allowed when seekable. */
void source_seek(struct source *s, uint64_t at);

#endif
