#include "engine/inflate.h"

#include <errno.h>
#include <stdlib.h>

#include "engine/ops.h"

struct engine_inflate {
	const struct engine_ops *ops;
	void *state;
};

struct engine_inflate *
engine_inflate_new(void)
{
	const struct engine_ops *const *ops = engine_list;
	struct engine_inflate *e = malloc(sizeof(*e));

	if (e == NULL)
		return NULL;
	while ((*ops)->inflate.open == NULL)
		ops++;
	e->ops = *ops;
	if ((e->state = e->ops->inflate.open()) == NULL) {
		free(e);
		errno = ENOMEM;
		return NULL;
	}
	return e;
}

void
engine_inflate_free(struct engine_inflate *e)
{
	if (e != NULL)
		e->ops->inflate.close(e->state);
	free(e);
}

int
engine_inflate_reset(struct engine_inflate *e)
{
	return e->ops->inflate.reset(e->state);
}

enum engine_inflated
engine_inflate_run(struct engine_inflate *e, const uint8_t *in, size_t *len, uint8_t *out,
    size_t *room)
{
	return e->ops->inflate.run(e->state, in, len, out, room);
}

size_t
engine_inflate_extra(const struct engine_inflate *e, uint8_t *p)
{
	return e->ops->inflate.extra(e->state, p);
}

struct engine_decoder {
	const struct engine_ops *ops;
	void *state;
};

struct engine_decoder *
engine_decoder_new(void)
{
	const struct engine_ops *const *ops = engine_list;
	struct engine_decoder *d = malloc(sizeof(*d));

	if (d == NULL)
		return NULL;
	while ((*ops)->decoder.open == NULL)
		ops++;
	d->ops = *ops;
	if ((d->state = d->ops->decoder.open()) == NULL) {
		free(d);
		errno = ENOMEM;
		return NULL;
	}
	return d;
}

void
engine_decoder_free(struct engine_decoder *d)
{
	if (d != NULL)
		d->ops->decoder.close(d->state);
	free(d);
}

int
engine_decoder_run(struct engine_decoder *d, const uint8_t *in, size_t len, uint8_t *out,
    size_t room)
{
	return d->ops->decoder.run(d->state, in, len, out, room);
}
