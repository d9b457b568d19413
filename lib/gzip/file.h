/* Decompression of a whole file in one call, and in words how it ended. */
#ifndef GZCORE_GZIP_FILE_H
#define GZCORE_GZIP_FILE_H

#include "gzip/inflate.h"

#define INFLATE_END_WORDS 512

/*
 * The exit status of zinflate(1) for a run of f that ended with st.  words[INFLATE_END_WORDS]
 * becomes the message, in which the input is called path; empty when all is well, or has been told.
 */
int inflate_end(const struct inflate *f, enum inflate_status st, const char *path, char *words);

struct inflate_file {
	/* The caller's; progress may be NULL. */
	const char *path;	/* the name of in for words */
	size_t threads;
	void (*progress)(void *arg, uint64_t in, uint64_t out);
	void *arg;
	/* Afterwards. */
	uint64_t in, out;	/* bytes */
	char words[INFLATE_END_WORDS];
};

/* Decompresses in to out, as zinflate(1) does without options; returns its exit status. */
int inflate_file(struct inflate_file *i, int in, int out);

#endif
