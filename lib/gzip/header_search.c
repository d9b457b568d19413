#include "gzip/header_search.h"

#include <string.h>

void
heads_open(struct heads *h, struct source *in)
{
	*h = (struct heads){ .in = in, .from = 1,
		.spare = 2 * (in->size - source_at(in)) + 4 * 1024 * 1024 };
}

void
heads_cost(struct heads *h, uint64_t n)
{
	h->spare -= n < h->spare ? n : h->spare;
}

enum gz_status
heads_look(struct heads *h, uint64_t at, struct gz_member *m, uint64_t *len)
{
	enum gz_status st = gz_head_look(h->in, at, m, len, h->spare);

	/* Also when it is none: it may be read anew for each made-up header that leads there. */
	if (*len > GZ_SIZED_HEAD)
		heads_cost(h, *len - GZ_SIZED_HEAD);
	return st;
}

int
heads_sized(struct heads *h, uint64_t at, struct gz_member *m, uint64_t *len)
{
	return heads_look(h, at, m, len) == GZ_OK && m->size >= *len + 2 + GZ_TRAILER &&
	    m->size <= h->in->size - at;
}

uint64_t
heads_next(struct heads *h, uint64_t from)
{
	struct source *s = h->in;
	struct gz_member m;
	uint64_t len;
	size_t have;

	if (from >= h->from && from <= h->next)
		return h->next;
	h->from = from;
	source_seek(s, from);
	while ((have = source_fill(s, GZ_LOOK)) >= GZ_SIZED_HEAD) {
		/*
		 * Places with enough bytes behind them: at the end of the file a header has fewer.
		 */
		size_t places = have - ((have < GZ_LOOK ? GZ_SIZED_HEAD : GZ_LOOK) - 1);
		const uint8_t *p = source_peek(s, &have), *hit = memchr(p, GZ_FIRST, places);

		source_take(s, hit == NULL ? places : (size_t)(hit - p));
		if (hit == NULL)
			continue;
		h->next = source_at(s);
		if (gz_plain_starts(hit, have - (size_t)(hit - p)) &&
		    heads_sized(h, h->next, &m, &len))
			return h->next;
		source_seek(s, h->next + 1);
	}
	return h->next = s->size;
}
