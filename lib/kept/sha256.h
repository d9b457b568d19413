/* SHA-256 (FIPS 180-4): the name of a kept file that has no identity of its own. */
#ifndef GZCORE_KEPT_SHA256_H
#define GZCORE_KEPT_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define KEPT_SHA256_LEN 32

struct kept_sha256 {
	uint32_t state[8];
	uint64_t len;			/* bytes taken so far */
	uint8_t block[64];		/* the last len % 64 of them */
};

/* Begins; takes the next n bytes; ends, with the digest in out. */
void kept_sha256_start(struct kept_sha256 *s);
void kept_sha256_take(struct kept_sha256 *s, const void *bytes, size_t n);
void kept_sha256_end(struct kept_sha256 *s, uint8_t out[KEPT_SHA256_LEN]);

#endif
