/*
 * A compressor of raw DEFLATE data (RFC 1951), a chunk at a time, on the best of the libraries that
 * were found when this was built: ISA-L, libdeflate, zlib.  Each thread has one of its own.
 */
#ifndef GZCORE_ENGINE_H
#define GZCORE_ENGINE_H

#include <stddef.h>
#include <stdint.h>

struct engine;

/* The libraries built in and their versions, as -V names them. */
extern const char engine_names[];

/* An engine makes complete streams, or parts of one. */
enum engine_kind { ENGINE_WHOLE, ENGINE_PART };

/*
 * An engine for level 0 to 9; NULL with errno.  The caller frees it with engine_free.  Each level
 * makes no more than the one before it, and none is both slower and larger than another, on the
 * cores that the benchmark makes.
 */
struct engine *engine_new(enum engine_kind kind, int level);
void engine_free(struct engine *e);

/* The most bytes that an engine of any level makes of len bytes: len / 1024 + 1024 more. */
size_t engine_bound(size_t len);

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

/* The CRC-32 (RFC 1952 section 8) of what crc is of, 0 at first, and p[len] behind it. */
uint32_t engine_crc32(uint32_t crc, const uint8_t *p, size_t len);

/* Adler-32 (RFC 1950 section 8.2) likewise, 1 at first. */
uint32_t engine_adler32(uint32_t adler, const uint8_t *p, size_t len);

#endif
