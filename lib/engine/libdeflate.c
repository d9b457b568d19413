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

const struct engine_ops engine_libdeflate = { libdeflate_open, libdeflate_close, libdeflate_whole, NULL };

#endif
