#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

/* Room for the marker of a sync flush, which deflateBound leaves out. */
#define FLUSH_ROOM 16u

const char engine_names[] = "zlib " ZLIB_VERSION;

struct engine {
	z_stream z;
};

struct engine *
engine_new(int level)
{
	struct engine *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	if (deflateInit2(&e->z, level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(e);
		errno = ENOMEM;
		return NULL;
	}
	return e;
}

void
engine_free(struct engine *e)
{
	if (e == NULL)
		return;
	deflateEnd(&e->z);
	free(e);
}

size_t
engine_bound(struct engine *e, size_t len)
{
	return deflateBound(&e->z, len) + FLUSH_ROOM;
}

static size_t
run(struct engine *e, const uint8_t *in, size_t len, uint8_t *out, int flush, int want)
{
	size_t room = engine_bound(e, len);

	/* zlib.h declares its input without const and never writes to it. */
	e->z.next_in = (uint8_t *)(uintptr_t)in;
	e->z.avail_in = (uInt)len;
	e->z.next_out = out;
	e->z.avail_out = (uInt)room;
	if (deflate(&e->z, flush) != want || e->z.avail_in != 0 || e->z.avail_out == 0)
		return 0;
	return room - e->z.avail_out;
}

size_t
engine_whole(struct engine *e, const uint8_t *in, size_t len, uint8_t *out)
{
	if (deflateReset(&e->z) != Z_OK)
		return 0;
	return run(e, in, len, out, Z_FINISH, Z_STREAM_END);
}

size_t
engine_part(struct engine *e, const uint8_t *dict, size_t dict_len, const uint8_t *in, size_t len,
    uint8_t *out)
{
	if (deflateReset(&e->z) != Z_OK)
		return 0;
	if (dict_len > 0 && deflateSetDictionary(&e->z, dict, (uInt)dict_len) != Z_OK)
		return 0;
	return run(e, in, len, out, Z_SYNC_FLUSH, Z_OK);
}
