#include "engine/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#ifdef WITH_LIBDEFLATE
#include <libdeflate.h>
#endif

#include "engine/ops.h"

/* ISA-L is fast where it has assembly. */
#if defined(WITH_ISAL) && (defined(__x86_64__) || defined(__aarch64__))
#define ISAL_IS_FAST
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#endif

#ifdef ISAL_IS_FAST
#define FAST &engine_isal, 1
#elif defined(WITH_LIBDEFLATE)
#define FAST &engine_libdeflate, 1
#else
#define FAST &engine_zlib, 1
#endif

#ifdef WITH_LIBDEFLATE
#define GOOD(libdeflate, zlib) &engine_libdeflate, libdeflate
#else
#define GOOD(libdeflate, zlib) &engine_zlib, zlib
#endif

const char engine_names[] = "zlib " ZLIB_VERSION
#ifdef WITH_ISAL
			    ", ISA-L " WITH_ISAL
#endif
#ifdef WITH_LIBDEFLATE
			    ", libdeflate " LIBDEFLATE_VERSION_STRING
#endif
    ;

/*
 * The ladder: each level is no larger than the one before it, and none is both slower and larger
 * than another, on the cores that the benchmark makes.  zlib's 4 is larger than its 3 on some.
 */
struct rung {
	const struct engine_ops *ops;
	int level;
};

static const struct rung whole[10] = {
	{ &engine_zlib, 0 },
	{ FAST },
	{ GOOD(1, 2) },
	{ GOOD(2, 3) },
	{ GOOD(4, 5) },
	{ GOOD(5, 5) },
	{ GOOD(6, 6) },
	{ GOOD(7, 7) },
	{ GOOD(8, 8) },
	{ GOOD(10, 9) },
};

/* libdeflate cannot end a part without ending the stream. */
#ifdef ISAL_IS_FAST
#define FAST_PART &engine_isal, 1
#else
#define FAST_PART &engine_zlib, 1
#endif

static const struct rung part[10] = {
	{ &engine_zlib, 0 },
	{ FAST_PART },
	{ &engine_zlib, 2 },
	{ &engine_zlib, 3 },
	{ &engine_zlib, 5 },
	{ &engine_zlib, 5 },
	{ &engine_zlib, 6 },
	{ &engine_zlib, 7 },
	{ &engine_zlib, 8 },
	{ &engine_zlib, 9 },
};

struct engine {
	const struct engine_ops *ops;
	void *state;
};

struct engine *
engine_new(enum engine_kind kind, int level)
{
	const struct rung *r = kind == ENGINE_PART ? &part[level] : &whole[level];
	struct engine *e = malloc(sizeof(*e));

	if (e == NULL)
		return NULL;
	e->ops = r->ops;
	if ((e->state = r->ops->open(r->level)) == NULL) {
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
	/* ISA-L's took a quarter of the time of libdeflate 1.14's where both were measured. */
#if defined(ISAL_IS_FAST)
	return crc32_gzip_refl(crc, p, len);
#elif defined(WITH_LIBDEFLATE)
	return libdeflate_crc32(crc, p, len);
#else
	return (uint32_t)crc32_z(crc, p, len);
#endif
}

uint32_t
engine_adler32(uint32_t adler, const uint8_t *p, size_t len)
{
#ifdef WITH_LIBDEFLATE
	return libdeflate_adler32(adler, p, len);
#elif defined(ISAL_IS_FAST)
	return isal_adler32(adler, p, len);
#else
	return (uint32_t)adler32_z(adler, p, len);
#endif
}
