/*
 * Compression of a stream, a chunk at a time: into gzip members, into one gzip member, or into one
 * zlib stream.  The same input, options, build and class of processor give the same bytes, however
 * the input arrives and however many threads there are (not with adaptive levels).
 */
#ifndef GZCORE_GZIP_DEFLATE_H
#define GZCORE_GZIP_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "confine/confine.h"

/* The system calls of deflate_run, for confine_to. */
#define DEFLATE_CALLS \
	CONFINE_BASE " " CONFINE_THREADS " clock_nanosleep fcntl ftruncate pipe2 splice"

enum deflate_format {
	DEFLATE_MEMBERS,	/* gzip, a member for each chunk, each with its size (header.h) */
	DEFLATE_SINGLE,		/* gzip, one member */
	DEFLATE_ZLIB		/* RFC 1950 */
};

/* Limits of the chunk, bytes: a member and its size field stay within 32 bits, with room. */
#define DEFLATE_CHUNK 262144u
#define DEFLATE_CHUNK_MIN 1024u
#define DEFLATE_CHUNK_MAX (512u * 1024 * 1024)

#define DEFLATE_LEVEL 6

enum deflate_status {
	DEFLATE_OK,
	DEFLATE_READ,		/* errno says why */
	DEFLATE_WRITE,		/* errno says why; see below */
	DEFLATE_MEMORY,
	DEFLATE_ENGINE		/* the engine failed: a bug, or broken memory */
};

struct deflate {
	enum deflate_format format;
	int level;		/* 0 to 9 */
	/* when above level: each chunk's level is adapted, between the two */
	int level_max;
	size_t threads;		/* 1 to ORDERED_WORKERS that compress */
	size_t chunk;		/* DEFLATE_CHUNK_MIN to _MAX */
	const char *name;	/* gzip: FNAME, or NULL */
	const char *comment;	/* gzip: FCOMMENT, or NULL */
	uint32_t mtime;		/* gzip: MTIME */
	/* Called after each chunk with the bytes so far, by the thread that wrote it; or NULL. */
	void (*progress)(void *arg, uint64_t in, uint64_t out);
	void *arg;
	uint64_t in, out;	/* result: bytes read and written */
};

/* Reads "MIN-MAX", two levels, the first no larger.  Returns 0, or -1 when it is something else. */
int deflate_levels(const char *text, int *min, int *max);

/*
 * Compresses all of descriptor in to descriptor out; both stay the caller's.  An empty input gives
 * a valid stream of nothing.  When writing members to a regular file fails (a full disk, a
 * limit), the file is cut back to its last whole member.
 */
enum deflate_status deflate_run(struct deflate *d, int in, int out);

#endif
