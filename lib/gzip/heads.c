#include "gzip/heads.h"

#include <string.h>

static const uint8_t magic[] = { 0x1f, 0x8b, 8, 4 }, field[] = { 8, 0, 'I', 'G', 4, 0 };

void
heads_open(struct heads *h, struct source *in)
{
	*h = (struct heads){ .in = in, .from = 1, .spare = 2 * (in->size - source_at(in)) + 4 * 1024 * 1024 };
}

void
heads_cost(struct heads *h, uint64_t n)
{
	h->spare -= n < h->spare ? n : h->spare;
}

/* Method, flags, and a field of 8 bytes. */
static int
plain(const uint8_t *p)
{
	return memcmp(p, magic, sizeof(magic)) == 0 && memcmp(p + 10, field, sizeof(field)) == 0;
}

enum gz_status
heads_look(struct heads *h, uint64_t at, struct gz_member *m, uint64_t *len)
{
	enum gz_status st = gz_head_look(h->in, at, m, len, h->spare);

	/* Whatever came of it: a made-up one may be read anew for each that leads there. */
	if (*len > GZ_SIZED_HEAD)
		heads_cost(h, *len - GZ_SIZED_HEAD);
	return st;
}

int
heads_sized(struct heads *h, uint64_t at, struct gz_member *m, uint64_t *len)
{
	return heads_look(h, at, m, len) == GZ_OK && m->size >= *len + 2 + GZ_TRAILER && m->size <= h->in->size - at;
}

uint64_t
heads_next(struct heads *h, uint64_t from)
{
	struct source *s = h->in;
	struct gz_member m;
	uint64_t len;

	if (from >= h->from && from <= h->next)
		return h->next;
	h->from = from;
	source_seek(s, from);
	while (source_fill(s, GZ_SIZED_HEAD) >= GZ_SIZED_HEAD) {
		const uint8_t *p, *hit;
		size_t n, skip;

		p = source_peek(s, &n);
		hit = memchr(p, magic[0], n - (GZ_SIZED_HEAD - 1));
		skip = hit == NULL ? n - (GZ_SIZED_HEAD - 1) : (size_t)(hit - p);
		source_take(s, skip);
		if (hit == NULL)
			continue;
		h->next = source_at(s);
		if (plain(hit) && heads_sized(h, h->next, &m, &len))
			return h->next;
		source_take(s, 1);
	}
	return h->next = s->size;
}
