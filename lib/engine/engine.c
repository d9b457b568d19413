#include "engine/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#ifdef WITH_LIBDEFLATE
#include <libdeflate.h>
#endif

#include "engine/ops.h"

const struct engine_ops *const engine_list[] = {
#ifdef ENGINE_ISAL
	&engine_isal,
#endif
#ifdef WITH_LIBDEFLATE
	&engine_libdeflate,
#endif
	&engine_zlib,
};

const char engine_names[] = "zlib " ZLIB_VERSION
#ifdef WITH_ISAL
			    ", ISA-L " WITH_ISAL
#endif
#ifdef WITH_LIBDEFLATE
			    ", libdeflate " LIBDEFLATE_VERSION_STRING
#endif
    ;

struct engine {
	const struct engine_ops *ops;
	void *state;
};

static int
level_of(const struct engine_ops *ops, enum engine_kind kind, int level)
{
	return kind == ENGINE_PART ? ops->part_level[level] : ops->whole_level[level];
}

struct engine *
engine_new(enum engine_kind kind, int level)
{
	const struct engine_ops *const *ops = engine_list;
	struct engine *e = malloc(sizeof(*e));

	if (e == NULL)
		return NULL;
	while (level_of(*ops, kind, level) == ENGINE_NO_LEVEL)
		ops++;
	e->ops = *ops;
	if ((e->state = e->ops->open(level_of(*ops, kind, level))) == NULL) {
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
	e->ops->close(e->state);
	free(e);
}

size_t
engine_bound(size_t len)
{
	/*
	 * The worst of the libraries is zlib without a state (zlib.h, compressBound's relative
	 * deflateBound): len + len / 8 … is for small windows only; with the default one it is
	 * len + len / 4096 + len / 16384 + len / 33554432 + 13.  Stored blocks of ISA-L and
	 * libdeflate cost 5 bytes in 10,000 at least.  A sync flush adds 5.
	 */
	return len + len / 1024 + 1024;
}

size_t
engine_whole(struct engine *e, const uint8_t *in, size_t len, uint8_t *out)
{
	return e->ops->whole(e->state, in, len, out, engine_bound(len));
}

size_t
engine_part(struct engine *e, const uint8_t *dict, size_t dict_len, const uint8_t *in, size_t len,
    uint8_t *out)
{
	return e->ops->part(e->state, dict, dict_len, in, len, out, engine_bound(len));
}

uint32_t
engine_crc32(uint32_t crc, const uint8_t *p, size_t len)
{
	const struct engine_ops *const *ops = engine_list;

	while ((*ops)->crc32 == NULL)
		ops++;
	return (*ops)->crc32(crc, p, len);
}

uint32_t
engine_adler32(uint32_t adler, const uint8_t *p, size_t len)
{
	const struct engine_ops *const *ops = engine_list;

	while ((*ops)->adler32 == NULL)
		ops++;
	return (*ops)->adler32(adler, p, len);
}
