/*
 * Decoders of raw DEFLATE data (RFC 1951), on the best of the libraries that were found when this
 * was built: a piece at a time, or a whole stream at once.  Each thread has one of its own.
 */
#ifndef GZCORE_ENGINE_INFLATE_H
#define GZCORE_ENGINE_INFLATE_H

#include <stddef.h>
#include <stdint.h>

struct engine_inflate;
struct engine_decoder;

enum engine_inflated {
	ENGINE_INFLATE_MORE,	/* all input was taken, or all room was used */
	ENGINE_INFLATE_END,	/* the stream has ended */
	ENGINE_INFLATE_BAD,	/* it is not DEFLATE data; what came before the damage is in out */
	ENGINE_INFLATE_MEMORY
};

/* NULL with errno; the caller frees it with engine_inflate_free. */
struct engine_inflate *engine_inflate_new(void);
void engine_inflate_free(struct engine_inflate *e);

/* Makes ready for a new stream; 0, or -1 when the library failed. */
int engine_inflate_reset(struct engine_inflate *e);

/*
 * Decodes from in[*len] into out[*room]; both then hold how much was taken and made.  The library
 * may take more than the stream has: at its end, extra (below) are to be given back.
 */
enum engine_inflated engine_inflate_run(struct engine_inflate *e, const uint8_t *in, size_t *len,
    uint8_t *out, size_t *room);

/*
 * At the end of a stream: the bytes behind it that had been taken, also by an earlier call; fewer
 * than ENGINE_INFLATE_EXTRA.  Stores them at p and returns how many there are.
 */
size_t engine_inflate_extra(const struct engine_inflate *e, uint8_t *p);
#define ENGINE_INFLATE_EXTRA 9u

/* A decoder of whole streams; NULL with errno.  The caller frees it with engine_decoder_free. */
struct engine_decoder *engine_decoder_new(void);
void engine_decoder_free(struct engine_decoder *d);

/*
 * Decodes in[len] into out[room].  Returns 1 when the stream is exactly in[len] and its data
 * exactly out[room], else 0.
 */
int engine_decoder_run(struct engine_decoder *d, const uint8_t *in, size_t len, uint8_t *out,
    size_t room);

#endif
