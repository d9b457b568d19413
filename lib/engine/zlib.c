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

const struct engine_ops engine_zlib = { zlib_open, zlib_close, zlib_whole, zlib_part };
