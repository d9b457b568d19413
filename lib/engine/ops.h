/*
 * A library that is built in: a file of its own, and a row of engine_list, from which engine.c and
 * inflate.c take the first that can do what is asked for.
 */
#ifndef GZCORE_ENGINE_OPS_H
#define GZCORE_ENGINE_OPS_H

#include <stddef.h>
#include <stdint.h>

#include "engine/inflate.h"

/* ISA-L is fast where it has assembly, and not used elsewhere. */
#if defined(WITH_ISAL) && (defined(__x86_64__) || defined(__aarch64__))
#define ENGINE_ISAL
#endif

#define ENGINE_LEVELS 10
/* For a level that is another library's. */
#define ENGINE_NO_LEVEL (-1)

struct engine_ops {
	/* Its own level for each of ours, for complete streams and for parts. */
	signed char whole_level[ENGINE_LEVELS], part_level[ENGINE_LEVELS];
	/* Compression, as engine.h has it, but for the level, which is the library's own. */
	void *(*open)(int level);
	void (*close)(void *state);
	size_t (*whole)(void *state, const uint8_t *in, size_t len, uint8_t *out, size_t room);
	size_t (*part)(void *state, const uint8_t *dict, size_t dict_len, const uint8_t *in,
	    size_t len, uint8_t *out, size_t room);

	/* Decoding a piece at a time, as engine_inflate_ of inflate.h; open NULL: it does not. */
	struct {
		void *(*open)(void);
		void (*close)(void *state);
		int (*reset)(void *state);
		enum engine_inflated (*run)(void *state, const uint8_t *in, size_t *len,
		    uint8_t *out, size_t *room);
		size_t (*extra)(const void *state, uint8_t *p);
	} inflate;

	/*
	 * Decoding a whole stream at once, as engine_decoder_ of inflate.h; open NULL: it does not.
	 */
	struct {
		void *(*open)(void);
		void (*close)(void *state);
		int (*run)(void *state, const uint8_t *in, size_t len, uint8_t *out, size_t room);
	} decoder;

	/* Checksums, as engine.h has them; NULL: another library's is better. */
	uint32_t (*crc32)(uint32_t crc, const uint8_t *p, size_t len);
	uint32_t (*adler32)(uint32_t adler, const uint8_t *p, size_t len);
};

/* The best first.  zlib, the last, can do everything. */
extern const struct engine_ops *const engine_list[];

extern const struct engine_ops engine_zlib, engine_isal, engine_libdeflate;

#endif
