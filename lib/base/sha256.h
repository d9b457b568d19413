/* SHA-256 (FIPS 180-4): the name of a kept file that has no identity of its own. */
#ifndef GZCORE_BASE_SHA256_H
#define GZCORE_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_LEN 32

struct sha256 {
	uint32_t state[8];
	uint64_t len;			/* bytes taken so far */
	uint8_t block[64];		/* the last len % 64 of them */
};

/* Begins; takes the next n bytes; ends, with the digest in out. */
void sha256_start(struct sha256 *s);
void sha256_take(struct sha256 *s, const void *bytes, size_t n);
void sha256_end(struct sha256 *s, uint8_t out[SHA256_LEN]);

#endif
