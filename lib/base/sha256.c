#include "base/sha256.h"

#include <string.h>

#define BLOCK 64u

/* FIPS 180-4, 4.2.2: of the cube roots of the first primes; and 5.3.3: of their square roots. */
static const uint32_t round_word[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};
static const uint32_t first_state[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
	0x5be0cd19,
};

static uint32_t
rotate(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

/* One round; the words change their names from one to the next, not their places. */
#define ROUND(a, b, c, d, e, f, g, h, t) do { \
	uint32_t one = v[h] + (rotate(v[e], 6) ^ rotate(v[e], 11) ^ rotate(v[e], 25)) + \
	    ((v[e] & v[f]) ^ (~v[e] & v[g])) + round_word[t] + w[t]; \
\
	v[d] += one; \
	v[h] = one + (rotate(v[a], 2) ^ rotate(v[a], 13) ^ rotate(v[a], 22)) + \
	    ((v[a] & v[b]) ^ (v[a] & v[c]) ^ (v[b] & v[c])); \
} while (0)

/* FIPS 180-4, 6.2.2. */
static void
take_block(struct sha256 *s, const uint8_t p[BLOCK])
{
	uint32_t w[64], v[8];

	for (size_t t = 0; t < 16; t++)
		w[t] = (uint32_t)p[4 * t] << 24 | (uint32_t)p[4 * t + 1] << 16 |
		    (uint32_t)p[4 * t + 2] << 8 | p[4 * t + 3];
	for (size_t t = 16; t < 64; t++)
		w[t] = w[t - 16] + w[t - 7] +
		    (rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3) +
		    (rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10);
	memcpy(v, s->state, sizeof(v));
	for (size_t t = 0; t < 64; t += 8) {
		ROUND(0, 1, 2, 3, 4, 5, 6, 7, t);
		ROUND(7, 0, 1, 2, 3, 4, 5, 6, t + 1);
		ROUND(6, 7, 0, 1, 2, 3, 4, 5, t + 2);
		ROUND(5, 6, 7, 0, 1, 2, 3, 4, t + 3);
		ROUND(4, 5, 6, 7, 0, 1, 2, 3, t + 4);
		ROUND(3, 4, 5, 6, 7, 0, 1, 2, t + 5);
		ROUND(2, 3, 4, 5, 6, 7, 0, 1, t + 6);
		ROUND(1, 2, 3, 4, 5, 6, 7, 0, t + 7);
	}
	for (size_t i = 0; i < 8; i++)
		s->state[i] += v[i];
}

void
sha256_start(struct sha256 *s)
{
	memcpy(s->state, first_state, sizeof(first_state));
	s->len = 0;
}

void
sha256_take(struct sha256 *s, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	while (n > 0) {
		size_t at = s->len % BLOCK, take = BLOCK - at < n ? BLOCK - at : n;

		memcpy(s->block + at, p, take);
		s->len += take;
		p += take;
		n -= take;
		if (s->len % BLOCK == 0)
			take_block(s, s->block);
	}
}

void
sha256_end(struct sha256 *s, uint8_t out[SHA256_LEN])
{
	static const uint8_t one = 0x80, zero = 0;
	uint64_t bits = s->len * 8;
	uint8_t len[8];

	for (size_t i = 0; i < 8; i++)
		len[i] = (uint8_t)(bits >> (56 - 8 * i));
	sha256_take(s, &one, 1);
	while (s->len % BLOCK != BLOCK - sizeof(len))
		sha256_take(s, &zero, 1);
	sha256_take(s, len, sizeof(len));
	for (size_t i = 0; i < 4 * 8; i++)
		out[i] = (uint8_t)(s->state[i / 4] >> (24 - 8 * (i % 4)));
}
