/*
 * A compressor of raw DEFLATE data (RFC 1951), a chunk at a time.  This is the seam behind which
 * faster engines go; each thread has one of its own.
 */
#ifndef GZCORE_ENGINE_H
#define GZCORE_ENGINE_H

#include <stddef.h>
#include <stdint.h>

struct engine;

/* The engines built in, as -V names them. */
extern const char engine_names[];

/* An engine for level 0 to 9; NULL with errno.  The caller frees it with engine_free. */
struct engine *engine_new(int level);
void engine_free(struct engine *e);

/* The most bytes that engine_whole or engine_part makes of len bytes. */
size_t engine_bound(struct engine *e, size_t len);

/*
 * Compresses in[len] into a complete stream, its last block marked final.  out holds
 * engine_bound(len) bytes.  Returns the bytes made; 0 when the engine failed.
 */
size_t engine_whole(struct engine *e, const uint8_t *in, size_t len, uint8_t *out);

/*
 * Compresses in[len] into blocks of which none is final and that end on a byte boundary, so that
 * parts follow one another.  dict[dict_len] is what came right before, at most ENGINE_DICT bytes
 * of it.  Otherwise as engine_whole; the stream is closed by ENGINE_END.
 */
size_t engine_part(struct engine *e, const uint8_t *dict, size_t dict_len, const uint8_t *in,
    size_t len, uint8_t *out);

/* The window of DEFLATE, bytes (RFC 1951 section 2). */
#define ENGINE_DICT 32768u

/* An empty final block with fixed codes: ends a stream of parts. */
#define ENGINE_END "\x03"
#define ENGINE_END_LEN 2u

#endif
