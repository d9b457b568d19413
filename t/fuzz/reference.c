#include "reference.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "target.h"

/* Room that is not asked for anew for each input. */
static uint8_t room[REFERENCE_MOST + 1];

/* Whether inflate refuses a block for its codes: what it says (zlib 1.2 and 1.3, inflate.c). */
static int
has_odd_codes(const char *why)
{
	static const char *const words[] = { "invalid code lengths set", "invalid distance code",
		"invalid distances set", "invalid literal/length code",
		"invalid literal/lengths set" };

	for (size_t i = 0; why != NULL && i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(why, words[i]) == 0)
			return 1;
	return 0;
}

/* Decodes one member or zlib stream of in[len] with zlib.  Returns how many bytes it has; 0: it is damaged. */
static size_t
zlib_one(struct reference *d, const uint8_t *in, size_t len, int bits)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)in, .avail_in = (uInt)len };
	size_t used;
	int rc;

	MUST(inflateInit2(&z, bits) == Z_OK);
	z.next_out = room + d->len;
	z.avail_out = (uInt)(sizeof(room) - d->len);
	rc = inflate(&z, Z_SYNC_FLUSH);
	d->len = sizeof(room) - z.avail_out;
	d->large = z.avail_out == 0;
	d->odd_codes = rc == Z_DATA_ERROR && has_odd_codes(z.msg);
	used = len - z.avail_in;
	inflateEnd(&z);
	return rc == Z_STREAM_END && !d->large ? used : 0;
}

static int
is_gzip(const uint8_t *p, size_t n)
{
	return n > 0 && p[0] == 0x1f && (n == 1 || p[1] == 0x8b);
}

struct reference
reference_read(const uint8_t *in, size_t len)
{
	struct reference d = { .verdict = BAD };
	int gzip = is_gzip(in, len);
	size_t at = 0;

	while (at < len && !d.large) {
		size_t n = zlib_one(&d, in + at, len - at, gzip ? 31 : 15), zeros = 0;

		d.verdict = BAD;
		if (n == 0)
			break;
		d.verdict = WHOLE;
		at += n;
		while (at + zeros < len && in[at + zeros] == 0)
			zeros++;
		d.padded |= zeros > 0 && at + zeros < len;
		at += zeros;
		if (at < len && (!gzip || !is_gzip(in + at, len - at))) {
			d.verdict = TRAILING;
			break;
		}
	}
	MUST((d.data = malloc(d.len + 1)) != NULL);
	memcpy(d.data, room, d.len);
	return d;
}
