#define _GNU_SOURCE
#include <errno.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/io.h"
#include "system/copy_file.h"

#define PIECE (128u * 1024)

/* Copies the bytes from at to end, within the kernel where it can do that. */
static int
copy_range(int from, int to, uint64_t at, uint64_t end, uint8_t *buf)
{
	int64_t in, out;
	ssize_t n;

	while (at < end) {
		in = out = (int64_t)at;
		n = syscall(SYS_copy_file_range, from, &in, to, &out, (size_t)(end - at), 0);
		if (n < 0) {
			n = io_pread(from, buf, end - at < PIECE ? (size_t)(end - at) : PIECE, at);
			if (n > 0 && io_pwrite(to, buf, (size_t)n, at) < 0)
				return -1;
		}
		if (n < 0)
			return -1;
		if (n == 0) {
			errno = 0;
			return -1;
		}
		at += (uint64_t)n;
	}
	return 0;
}

/* Copies what is not in holes. */
static int
copy_data(int from, int to, uint64_t size, uint8_t *buf)
{
	uint64_t at = 0;

	while (at < size) {
		off_t data = lseek(from, (off_t)at, SEEK_DATA), hole;

		if (data < 0 && errno == ENXIO)
			break;
		/* A file system without holes, or one that says what cannot be. */
		if (data < (off_t)at || (hole = lseek(from, data, SEEK_HOLE)) <= data ||
		    (uint64_t)hole > size) {
			data = data < (off_t)at ? (off_t)at : data;
			hole = (off_t)size;
		}
		if (data < hole && copy_range(from, to, (uint64_t)data, (uint64_t)hole, buf) < 0)
			return -1;
		at = (uint64_t)hole;
	}
	return ftruncate(to, (off_t)size);
}

int
copy_file_bytes(int from, int to, uint64_t size)
{
	uint8_t *buf;
	int rc, saved;

	if (size > 0 && ioctl(to, FICLONE, from) == 0)
		return 0;
	if ((buf = io_buffer(PIECE)) == NULL)
		return -1;
	rc = copy_data(from, to, size, buf);
	saved = errno;
	free(buf);
	errno = saved;
	return rc;
}
