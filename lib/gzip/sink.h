/*
 * Where decompressed bytes go: a descriptor, or nowhere; all of them, or a range; with runs of
 * zeros as holes where the output is a regular file that has nothing there yet.
 */
#ifndef GZCORE_GZIP_SINK_H
#define GZCORE_GZIP_SINK_H

#include <stddef.h>
#include <stdint.h>

struct sink {
	int fd;			/* -1: nowhere */
	int sparse;		/* holes are possible */
	int waits;		/* a write may wait for others, as on a pipe */
	uint64_t at;		/* bytes that came in */
	uint64_t from, to;	/* only bytes [from, to) of these go out */
	uint64_t hole;		/* zeros at the end that are neither written nor skipped yet */
	uint64_t pos;		/* when sparse: the file's position */
};

/* A sink for all bytes into fd, or into nothing when fd is -1. */
void sink_open(struct sink *k, int fd);

/* Takes len bytes, or that many zeros.  Return 0, or -1 with errno of a write that failed. */
int sink_write(struct sink *k, const uint8_t *buf, size_t len);
int sink_zeros(struct sink *k, uint64_t len);

/* Skips the zeros at the end and gives the file its size.  Returns 0, or -1 with errno. */
int sink_end(struct sink *k);

#endif
