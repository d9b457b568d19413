/*
 * A mutator for gzip members, linked with the targets that read them: it makes the checksum, the length and the size
 * field of a mutated member right again, so that what lies behind those checks is reached.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/inflate.h"
#include "gzip/header.h"
#include "target.h"

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t len, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t most, unsigned seed);

#define PIECE 65536u
#define MEMBERS 64
/* Data of a member, bytes, beyond which it is left as it is. */
#define DATA_MOST (4u * 1024 * 1024)

/* Where the DEFLATE data at in[len] ends, with its checksum and length; 0 when it does not. */
static size_t
deflate_end(const uint8_t *in, size_t len, uint32_t *crc, uint64_t *data)
{
	struct engine_inflate *e = engine_inflate_new();
	enum engine_inflated rc = ENGINE_INFLATE_MORE;
	uint8_t *out = malloc(PIECE), extra[ENGINE_INFLATE_EXTRA];
	size_t at = 0;

	MUST(e != NULL && out != NULL && engine_inflate_reset(e) == 0);
	*crc = 0;
	*data = 0;
	while (rc == ENGINE_INFLATE_MORE && *data < DATA_MOST) {
		size_t taken = len - at, made = PIECE;

		rc = engine_inflate_run(e, in + at, &taken, out, &made);
		at += taken;
		*crc = engine_crc32(*crc, out, made);
		*data += made;
		if (rc == ENGINE_INFLATE_MORE && taken == 0 && made == 0)
			break;
	}
	if (rc == ENGINE_INFLATE_END)
		at -= engine_inflate_extra(e, extra);
	engine_inflate_free(e);
	free(out);
	return rc == ENGINE_INFLATE_END ? at : 0;
}

/* Makes the member at p[len] right.  Returns how long it is; 0: it cannot be made right. */
static size_t
mend(uint8_t *p, size_t len)
{
	struct gz_member m;
	struct source s;
	size_t head, n;
	uint32_t crc;
	uint64_t data;

	source_memory(&s, p, len);
	if (gz_head_read(&s, &m, UINT64_MAX) != GZ_OK)
		return 0;
	head = (size_t)source_at(&s);
	if ((n = deflate_end(p + head, len - head, &crc, &data)) == 0)
		return 0;
	n += head;
	if (len - n < GZ_TRAILER)
		return 0;
	gz_trailer_write(p + n, crc, data);
	n += GZ_TRAILER;
	if (m.sized && head >= GZ_SIZED_HEAD && memcmp(p + 12, "IG\4", 4) == 0)
		gz_size_set(p, (uint32_t)n);
	return n;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t most, unsigned seed)
{
	size_t at = 0, n;

	len = LLVMFuzzerMutate(bytes, len, most);
	for (int i = 0; seed % 3 != 0 && i < MEMBERS && at < len; i++, at += n)
		if ((n = mend(bytes + at, len - at)) == 0)
			break;
	return len;
}
