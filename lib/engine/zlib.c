#include <stdlib.h>
#include <zlib.h>

#include "engine/ops.h"

static void *
zlib_open(int level)
{
	z_stream *z = calloc(1, sizeof(*z));

	if (z != NULL &&
	    deflateInit2(z, level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(z);
		z = NULL;
	}
	return z;
}

static void
zlib_close(void *state)
{
	deflateEnd(state);
	free(state);
}

static size_t
run(z_stream *z, const uint8_t *in, size_t len, uint8_t *out, size_t room, int flush, int want)
{
	/* zlib.h declares its input without const and never writes to it. */
	z->next_in = (uint8_t *)(uintptr_t)in;
	z->avail_in = (uInt)len;
	z->next_out = out;
	z->avail_out = (uInt)room;
	if (deflate(z, flush) != want || z->avail_in != 0 || z->avail_out == 0)
		return 0;
	return room - z->avail_out;
}

static size_t
zlib_whole(void *state, const uint8_t *in, size_t len, uint8_t *out, size_t room)
{
	if (deflateReset(state) != Z_OK)
		return 0;
	return run(state, in, len, out, room, Z_FINISH, Z_STREAM_END);
}

static size_t
zlib_part(void *state, const uint8_t *dict, size_t dict_len, const uint8_t *in, size_t len,
    uint8_t *out, size_t room)
{
	if (deflateReset(state) != Z_OK)
		return 0;
	if (dict_len > 0 && deflateSetDictionary(state, dict, (uInt)dict_len) != Z_OK)
		return 0;
	return run(state, in, len, out, room, Z_SYNC_FLUSH, Z_OK);
}

static void *
zlib_inflate_open(void)
{
	z_stream *z = calloc(1, sizeof(*z));

	if (z != NULL && inflateInit2(z, -MAX_WBITS) != Z_OK) {
		free(z);
		z = NULL;
	}
	return z;
}

static void
zlib_inflate_close(void *state)
{
	inflateEnd(state);
	free(state);
}

static int
reset(void *state)
{
	return inflateReset(state) == Z_OK ? 0 : -1;
}

static enum engine_inflated
inflate_some(void *state, const uint8_t *in, size_t *len, uint8_t *out, size_t *room)
{
	z_stream *z = state;
	int rc;

	z->next_in = (uint8_t *)(uintptr_t)in;
	z->avail_in = (uInt)*len;
	z->next_out = out;
	z->avail_out = (uInt)*room;
	rc = inflate(z, Z_NO_FLUSH);
	*len -= z->avail_in;
	*room -= z->avail_out;
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

static size_t
extra(const void *state, uint8_t *p)
{
	(void)state;
	(void)p;
	return 0;
}

static int
decode(void *state, const uint8_t *in, size_t len, uint8_t *out, size_t room)
{
	z_stream *z = state;
	uint8_t none = 0;

	if (inflateReset(z) != Z_OK)
		return 0;
	z->next_in = (uint8_t *)(uintptr_t)in;
	z->avail_in = (uInt)len;
	z->next_out = room > 0 ? out : &none;
	z->avail_out = (uInt)room;
	return inflate(z, Z_FINISH) == Z_STREAM_END && z->avail_in == 0 && z->avail_out == 0;
}

static uint32_t
zlib_crc32(uint32_t crc, const uint8_t *p, size_t len)
{
	return (uint32_t)crc32_z(crc, p, len);
}

static uint32_t
zlib_adler32(uint32_t adler, const uint8_t *p, size_t len)
{
	return (uint32_t)adler32_z(adler, p, len);
}

/* Its level 4 makes more of some cores than its 3. */
const struct engine_ops engine_zlib = {
	.whole_level = { 0, 1, 2, 3, 5, 5, 6, 7, 8, 9 },
	.part_level = { 0, 1, 2, 3, 5, 5, 6, 7, 8, 9 },
	.open = zlib_open,
	.close = zlib_close,
	.whole = zlib_whole,
	.part = zlib_part,
	.inflate = { zlib_inflate_open, zlib_inflate_close, reset, inflate_some, extra },
	.decoder = { zlib_inflate_open, zlib_inflate_close, decode },
	.crc32 = zlib_crc32,
	.adler32 = zlib_adler32,
};
