#include "gzip/member.h"

#include <stdlib.h>
#include <zlib.h>

#ifdef WITH_LIBDEFLATE
#include <libdeflate.h>
#endif

#include "engine/engine.h"
#include "gzip/gz.h"

struct member {
#ifdef WITH_LIBDEFLATE
	struct libdeflate_decompressor *engine;
#else
	z_stream z;
#endif
};

int
member_body(const uint8_t *in, size_t len, struct member_body *b)
{
	struct gz_member head;
	struct source from;
	size_t at;

	source_memory(&from, in, len);
	if (gz_size_peek(&from) != len || gz_head_read(&from, &head, UINT64_MAX) != GZ_OK)
		return 0;
	at = (size_t)source_at(&from);
	if (len - at < 2 + GZ_TRAILER)
		return 0;
	b->deflated = in + at;
	b->len = len - at - GZ_TRAILER;
	b->crc = gz_le32(in + len - GZ_TRAILER);
	b->data_len = gz_le32(in + len - GZ_TRAILER + 4);
	return 1;
}

struct member *
member_new(void)
{
	struct member *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
#ifdef WITH_LIBDEFLATE
	if ((m->engine = libdeflate_alloc_decompressor()) != NULL)
		return m;
#else
	if (inflateInit2(&m->z, -MAX_WBITS) == Z_OK)
		return m;
#endif
	free(m);
	return NULL;
}

void
member_free(struct member *m)
{
	if (m == NULL)
		return;
#ifdef WITH_LIBDEFLATE
	libdeflate_free_decompressor(m->engine);
#else
	inflateEnd(&m->z);
#endif
	free(m);
}

static int
inflated(struct member *m, const struct member_body *b, uint8_t *data)
{
#ifdef WITH_LIBDEFLATE
	size_t used, made;

	return libdeflate_deflate_decompress_ex(m->engine, b->deflated, b->len, data, b->data_len, &used,
		    &made) == LIBDEFLATE_SUCCESS &&
	    used == b->len && made == b->data_len;
#else
	uint8_t none;

	if (inflateReset(&m->z) != Z_OK)
		return 0;
	m->z.next_in = (uint8_t *)(uintptr_t)b->deflated;
	m->z.avail_in = (uInt)b->len;
	m->z.next_out = b->data_len > 0 ? data : &none;
	m->z.avail_out = (uInt)b->data_len;
	return inflate(&m->z, Z_FINISH) == Z_STREAM_END && m->z.avail_in == 0 && m->z.avail_out == 0;
#endif
}

int
member_decode(struct member *m, const struct member_body *b, uint8_t *data)
{
	return inflated(m, b, data) && engine_crc32(0, data, b->data_len) == b->crc;
}
