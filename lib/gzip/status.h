/* How decompression ended. */
#ifndef GZCORE_GZIP_STATUS_H
#define GZCORE_GZIP_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

enum inflate_status {
	INFLATE_OK,
	INFLATE_TRAILING,	/* all was decoded; what follows is neither zeros nor a member */
	INFLATE_LOST,		/* salvage only: ranges were lost, their sizes are known */
	INFLATE_UNKNOWN,	/* salvage only: how much was lost cannot be known */
	INFLATE_EMPTY,		/* nothing came */
	INFLATE_FORMAT,		/* neither gzip nor zlib data */
	INFLATE_CUT,		/* the input ends inside of a member */
	INFLATE_HEAD,		/* damaged, as the following: of a member, or of a stream */
	INFLATE_DATA,
	INFLATE_CHECK,
	INFLATE_LENGTH,
	INFLATE_SHORT,		/* range only: the data ends before the range does */
	INFLATE_READ,		/* a system call failed */
	INFLATE_WRITE,
	INFLATE_MEMORY
};

/* What a status means, in words for a message. */
const char *inflate_words(enum inflate_status status);

#ifdef __cplusplus
}
#endif

#endif
