#include "gzip/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

/* A run of zeros is looked for in blocks of this many bytes: the least that file systems skip. */
#define BLOCK 4096u

static const uint8_t zeros[BLOCK];

void
sink_open(struct sink *k, int fd)
{
	struct stat st;
	off_t pos;

	memset(k, 0, sizeof(*k));
	k->fd = fd;
	k->to = UINT64_MAX;
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	/* A terminal may wait for its user; other devices, such as /dev/null, never wait. */
	k->waits = !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode) &&
	    (!S_ISCHR(st.st_mode) || isatty(fd));
	if (!S_ISREG(st.st_mode))
		return;
	/* A hole is zeros only beyond the end, and appending ignores the position. */
	pos = lseek(fd, 0, SEEK_CUR);
	if (pos < 0 || pos < st.st_size || (fcntl(fd, F_GETFL) & O_APPEND))
		return;
	k->sparse = 1;
	k->pos = (uint64_t)pos;
}

static int
skip_hole(struct sink *k)
{
	if (k->hole == 0)
		return 0;
	if (k->hole > INT64_MAX - k->pos) {
		errno = EFBIG;
		return -1;
	}
	if (lseek(k->fd, (off_t)(k->pos + k->hole), SEEK_SET) < 0)
		return -1;
	k->pos += k->hole;
	k->hole = 0;
	return 0;
}

/* Writes len bytes to the file as they are. */
static int
put(struct sink *k, const uint8_t *buf, size_t len)
{
	if (skip_hole(k) < 0 || io_write(k->fd, buf, len) < 0)
		return -1;
	k->pos += len;
	return 0;
}

/*
 * The length of what comes first in buf[len]: a block, or less up to where the file's block ends.
 */
static size_t
block_len(const struct sink *k, size_t ahead, size_t len)
{
	size_t n = BLOCK - (size_t)((k->pos + k->hole + ahead) % BLOCK);

	return n < len ? n : len;
}

static int
put_sparse(struct sink *k, const uint8_t *buf, size_t len)
{
	while (len > 0) {
		size_t data = 0, n = block_len(k, 0, len);

		/* Data up to the next block of zeros goes out in one write. */
		while (data < len && memcmp(buf + data, zeros, n) != 0) {
			data += n;
			n = block_len(k, data, len - data);
		}
		if (data > 0 && put(k, buf, data) < 0)
			return -1;
		buf += data;
		len -= data;
		if (len > 0) {
			k->hole += n;
			buf += n;
			len -= n;
		}
	}
	return 0;
}

/* Cuts [at, at + *len) down to the range; returns the bytes to leave out before it. */
static uint64_t
clip(struct sink *k, uint64_t *len)
{
	uint64_t skip = 0, at = k->at;

	k->at += *len;
	if (at < k->from)
		skip = k->from - at < *len ? k->from - at : *len;
	at += skip;
	*len -= skip;
	if (at >= k->to)
		*len = 0;
	else if (*len > k->to - at)
		*len = k->to - at;
	return skip;
}

int
sink_write(struct sink *k, const uint8_t *buf, size_t len)
{
	uint64_t n = len;

	buf += clip(k, &n);
	if (k->fd < 0 || n == 0)
		return 0;
	return k->sparse ? put_sparse(k, buf, (size_t)n) : io_write(k->fd, buf, (size_t)n);
}

int
sink_zeros(struct sink *k, uint64_t len)
{
	clip(k, &len);
	if (k->fd < 0)
		return 0;
	if (k->sparse) {
		k->hole += len;
		return 0;
	}
	while (len > 0) {
		size_t n = len < BLOCK ? (size_t)len : BLOCK;

		if (io_write(k->fd, zeros, n) < 0)
			return -1;
		len -= n;
	}
	return 0;
}

int
sink_end(struct sink *k)
{
	if (k->fd < 0 || !k->sparse || k->hole == 0)
		return 0;
	if (skip_hole(k) < 0)
		return -1;
	return ftruncate(k->fd, (off_t)k->pos);
}
