#ifdef WITH_LIBDEFLATE

#include <libdeflate.h>

#include "engine/ops.h"

static void *
libdeflate_open(int level)
{
	return libdeflate_alloc_compressor(level);
}

static void
libdeflate_close(void *state)
{
	libdeflate_free_compressor(state);
}

static size_t
libdeflate_whole(void *state, const uint8_t *in, size_t len, uint8_t *out, size_t room)
{
	return libdeflate_deflate_compress(state, in, len, out, room);
}

static void *
decoder_open(void)
{
	return libdeflate_alloc_decompressor();
}

static void
decoder_close(void *state)
{
	libdeflate_free_decompressor(state);
}

static int
decode(void *state, const uint8_t *in, size_t len, uint8_t *out, size_t room)
{
	size_t used, made;

	return libdeflate_deflate_decompress_ex(state, in, len, out, room, &used, &made) ==
	    LIBDEFLATE_SUCCESS && used == len && made == room;
}

static uint32_t
crc32(uint32_t crc, const uint8_t *p, size_t len)
{
	return libdeflate_crc32(crc, p, len);
}

static uint32_t
adler32(uint32_t adler, const uint8_t *p, size_t len)
{
	return libdeflate_adler32(adler, p, len);
}

/* It cannot end a part without ending the stream. */
const struct engine_ops engine_libdeflate = {
	.whole_level = { -1, 1, 1, 2, 4, 5, 6, 7, 8, 10 },
	.part_level = { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 },
	.open = libdeflate_open,
	.close = libdeflate_close,
	.whole = libdeflate_whole,
	.decoder = { decoder_open, decoder_close, decode },
	.crc32 = crc32,
	.adler32 = adler32,
};

#endif
