#include "engine/inflate.h"

#include <stdlib.h>
#include <string.h>

#if defined(WITH_ISAL) && (defined(__x86_64__) || defined(__aarch64__))

#include <isa-l/igzip_lib.h>

struct engine_inflate {
	struct inflate_state z;
};

struct engine_inflate *
engine_inflate_new(void)
{
	struct engine_inflate *e = malloc(sizeof(*e));

	/* Its tables are read before they are written to in an empty stream of fixed codes. */
	if (e != NULL) {
		memset(e, 0, sizeof(*e));
		isal_inflate_init(&e->z);
	}
	return e;
}

void
engine_inflate_free(struct engine_inflate *e)
{
	free(e);
}

int
engine_inflate_reset(struct engine_inflate *e)
{
	isal_inflate_reset(&e->z);
	return 0;
}

/* What was decoded before the damage and found no room in out waits in the library's own buffer. */
static size_t
rest(struct inflate_state *z, uint8_t *out, size_t room)
{
	size_t n = 0;

	if (z->tmp_out_valid > z->tmp_out_processed)
		n = (size_t)(z->tmp_out_valid - z->tmp_out_processed);
	if (n > room)
		n = room;
	memcpy(out, z->tmp_out_buffer + z->tmp_out_processed, n);
	z->tmp_out_processed += (int32_t)n;
	return n;
}

enum engine_inflated
engine_inflate_run(struct engine_inflate *e, const uint8_t *in, size_t *len, uint8_t *out, size_t *room)
{
	struct inflate_state *z = &e->z;
	int rc;

	z->next_in = (uint8_t *)(uintptr_t)in;
	z->avail_in = (uint32_t)*len;
	z->next_out = out;
	z->avail_out = (uint32_t)*room;
	rc = isal_inflate(z);
	*len -= z->avail_in;
	*room -= z->avail_out;
	if (rc != ISAL_DECOMP_OK) {
		*room += rest(z, z->next_out, z->avail_out);
		return ENGINE_INFLATE_BAD;
	}
	return z->block_state == ISAL_BLOCK_FINISH ? ENGINE_INFLATE_END : ENGINE_INFLATE_MORE;
}

size_t
engine_inflate_extra(const struct engine_inflate *e, uint8_t *p)
{
	size_t bits = e->z.read_in_length > 0 ? (size_t)e->z.read_in_length : 0;
	uint64_t have = e->z.read_in >> (bits % 8);

	for (size_t i = 0; i < bits / 8; i++, have >>= 8)
		p[i] = (uint8_t)have;
	return bits / 8;
}

#else

#include <errno.h>
#include <zlib.h>

struct engine_inflate {
	z_stream z;
};

struct engine_inflate *
engine_inflate_new(void)
{
	struct engine_inflate *e = calloc(1, sizeof(*e));

	if (e != NULL && inflateInit2(&e->z, -MAX_WBITS) != Z_OK) {
		free(e);
		errno = ENOMEM;
		return NULL;
	}
	return e;
}

void
engine_inflate_free(struct engine_inflate *e)
{
	if (e != NULL)
		inflateEnd(&e->z);
	free(e);
}

int
engine_inflate_reset(struct engine_inflate *e)
{
	return inflateReset(&e->z) == Z_OK ? 0 : -1;
}

enum engine_inflated
engine_inflate_run(struct engine_inflate *e, const uint8_t *in, size_t *len, uint8_t *out, size_t *room)
{
	int rc;

	e->z.next_in = (uint8_t *)(uintptr_t)in;
	e->z.avail_in = (uInt)*len;
	e->z.next_out = out;
	e->z.avail_out = (uInt)*room;
	rc = inflate(&e->z, Z_NO_FLUSH);
	*len -= e->z.avail_in;
	*room -= e->z.avail_out;
	switch (rc) {
	case Z_OK:
	case Z_BUF_ERROR:
		return ENGINE_INFLATE_MORE;
	case Z_STREAM_END:
		return ENGINE_INFLATE_END;
	case Z_MEM_ERROR:
		return ENGINE_INFLATE_MEMORY;
	default:
		return ENGINE_INFLATE_BAD;
	}
}

size_t
engine_inflate_extra(const struct engine_inflate *e, uint8_t *p)
{
	(void)e;
	(void)p;
	return 0;
}

#endif
