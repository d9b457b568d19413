#include "gzip/member.h"

#include <stdlib.h>

#include "engine/engine.h"
#include "engine/inflate.h"
#include "gzip/header.h"

struct member {
	struct engine_decoder *decoder;
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
	struct member *m = malloc(sizeof(*m));

	if (m != NULL && (m->decoder = engine_decoder_new()) == NULL) {
		free(m);
		return NULL;
	}
	return m;
}

void
member_free(struct member *m)
{
	if (m != NULL)
		engine_decoder_free(m->decoder);
	free(m);
}

int
member_decode(struct member *m, const struct member_body *b, uint8_t *data)
{
	return engine_decoder_run(m->decoder, b->deflated, b->len, data, b->data_len) &&
	    engine_crc32(0, data, b->data_len) == b->crc;
}
