/* A gzip member (RFC 1952 section 2.3) that says its size, decoded as a whole in memory. */
#ifndef GZCORE_GZIP_MEMBER_H
#define GZCORE_GZIP_MEMBER_H

#include <stddef.h>
#include <stdint.h>

/* What header and trailer claim. */
struct member_body {
	const uint8_t *deflated;	/* the raw DEFLATE data, in the caller's bytes */
	size_t len;
	size_t data_len;		/* ISIZE: less than 2^32 */
	uint32_t crc;
};

/* Takes the member in[len] apart.  Returns 1, or 0 when it is none, or claims another size. */
int member_body(const uint8_t *in, size_t len, struct member_body *b);

/* A decoder, for one thread; NULL with errno. */
struct member *member_new(void);
void member_free(struct member *m);

/*
 * Decodes into data[b->data_len].  Returns 1 when data and member end exactly where they should and
 * the checksum is right, else 0.
 */
int member_decode(struct member *m, const struct member_body *b, uint8_t *data);

#endif
