/* What engine.c chooses from: one table of functions for each library that is built in. */
#ifndef GZCORE_ENGINE_OPS_H
#define GZCORE_ENGINE_OPS_H

#include <stddef.h>
#include <stdint.h>

/* As engine.h has them, but for the level, which is the library's own. */
struct engine_ops {
	void *(*open)(int level);
	void (*close)(void *state);
	size_t (*whole)(void *state, const uint8_t *in, size_t len, uint8_t *out, size_t room);
	/* NULL where the library cannot end a part without ending the stream. */
	size_t (*part)(void *state, const uint8_t *dict, size_t dict_len, const uint8_t *in, size_t len,
	    uint8_t *out, size_t room);
};

extern const struct engine_ops engine_zlib, engine_isal, engine_libdeflate;

#endif
