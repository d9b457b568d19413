#include "gzip/gz.h"

#include <string.h>
#include <zlib.h>

/* FLG, RFC 1952 section 2.3.1. */
#define FHCRC 0x02u
#define FEXTRA 0x04u
#define FNAME 0x08u
#define FCOMMENT 0x10u
#define RESERVED 0xe0u

#define FIXED 10u	/* ID1 to OS */
#define EXTRA 8u	/* "IG", its length, the size */
#define OS_UNIX 3u

static void
put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static void
put32(uint8_t *p, uint32_t v)
{
	put16(p, v & 0xffff);
	put16(p + 2, v >> 16);
}

uint32_t
gz_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

size_t
gz_head_size(const struct gz_head *h)
{
	size_t n = FIXED + (h->sized ? 2 + EXTRA : 0);

	if (h->name != NULL)
		n += strlen(h->name) + 1;
	if (h->comment != NULL)
		n += strlen(h->comment) + 1;
	return n;
}

void
gz_head_write(uint8_t *out, const struct gz_head *h)
{
	uint8_t *p = out + FIXED;

	out[0] = 0x1f;
	out[1] = 0x8b;
	out[2] = Z_DEFLATED;
	out[3] = (uint8_t)((h->sized ? FEXTRA : 0) | (h->name != NULL ? FNAME : 0) |
	    (h->comment != NULL ? FCOMMENT : 0));
	put32(out + 4, h->mtime);
	out[8] = h->level == 9 ? 2 : h->level == 1 ? 4 : 0;
	out[9] = OS_UNIX;
	if (h->sized) {
		put16(p, EXTRA);
		memcpy(p + 2, "IG", 2);
		put16(p + 4, 4);
		put32(p + 6, 0);
		p += 2 + EXTRA;
	}
	if (h->name != NULL) {
		memcpy(p, h->name, strlen(h->name) + 1);
		p += strlen(h->name) + 1;
	}
	if (h->comment != NULL)
		memcpy(p, h->comment, strlen(h->comment) + 1);
}

void
gz_size_set(uint8_t *out, uint32_t size)
{
	put32(out + FIXED + 6, size);
}

void
gz_trailer_write(uint8_t *out, uint32_t crc, uint64_t len)
{
	put32(out, crc);
	put32(out + 4, (uint32_t)len);
}

struct head_bytes {
	struct source *s;
	uLong crc;		/* of those that were taken, for FHCRC */
	uint64_t left;		/* so many more may be taken */
};

/* Takes a byte of the header; -1 at the end. */
static int
head_byte(struct head_bytes *h)
{
	int c = h->left == 0 ? -1 : source_byte(h->s);

	if (c >= 0) {
		Bytef b = (Bytef)c;

		h->crc = crc32(h->crc, &b, 1);
		h->left--;
	}
	return c;
}

/* There are no more bytes, or no more may be taken. */
static enum gz_status
head_ended(const struct head_bytes *h)
{
	return h->left == 0 ? GZ_BAD : GZ_CUT;
}

/* Takes a string with its terminator; keeps what fits of it in keep[size] unless NULL. */
static enum gz_status
head_string(struct head_bytes *h, char *keep, size_t size)
{
	size_t n = 0;
	int c;

	while ((c = head_byte(h)) > 0)
		if (keep != NULL && n + 1 < size)
			keep[n++] = (char)c;
	if (keep != NULL)
		keep[n] = '\0';
	return c < 0 ? head_ended(h) : GZ_OK;
}

/* Takes XLEN and the subfields, looking for the size (RFC 1952 section 2.3.1.1). */
static enum gz_status
head_extra(struct head_bytes *h, struct gz_member *m)
{
	uint32_t *size = &m->size;
	uint8_t field[4] = { 0 };
	size_t in_field = 0, left = 0;
	int lo = head_byte(h), hi = head_byte(h), ig = 0;

	if (lo < 0 || hi < 0)
		return head_ended(h);
	for (size_t xlen = (size_t)lo | (size_t)hi << 8; xlen > 0; xlen--) {
		int c = head_byte(h);

		if (c < 0)
			return head_ended(h);
		if (left > 0) {
			left--;
			if (ig)
				*size |= (uint32_t)c << (8 * (3 - left));
			continue;
		}
		ig = 0;
		field[in_field++] = (uint8_t)c;
		if (in_field < sizeof(field))
			continue;
		in_field = 0;
		left = (size_t)field[2] | (size_t)field[3] << 8;
		ig = field[0] == 'I' && field[1] == 'G' && left == 4 && *size == 0;
		m->sized |= ig;
		m->bgzf |= memcmp(field, "BC\2\0", 4) == 0;
	}
	/* A size that the field's end cut short is no size. */
	if (ig && left > 0)
		*size = 0;
	return GZ_OK;
}

enum gz_status
gz_head_read(struct source *s, struct gz_member *m, uint64_t most)
{
	struct head_bytes h = { .s = s };
	enum gz_status st = GZ_OK;
	uint8_t fixed[FIXED];
	size_t have;
	const uint8_t *p;

	memset(m, 0, sizeof(*m));
	source_fill(s, FIXED);
	p = source_peek(s, &have);
	if (have == 0 || p[0] != 0x1f || (have > 1 && p[1] != 0x8b))
		return GZ_NONE;
	if (most < FIXED)
		return GZ_BAD;
	if (have < FIXED)
		return GZ_CUT;
	memcpy(fixed, p, FIXED);
	source_take(s, FIXED);
	if (fixed[2] != Z_DEFLATED || (fixed[3] & RESERVED) != 0)
		return GZ_BAD;
	h.crc = crc32(crc32(0, NULL, 0), fixed, FIXED);
	h.left = most - FIXED;
	m->mtime = gz_le32(fixed + 4);
	if (fixed[3] & FEXTRA)
		st = head_extra(&h, m);
	if (st == GZ_OK && (fixed[3] & FNAME))
		st = head_string(&h, m->name, sizeof(m->name));
	if (st == GZ_OK && (fixed[3] & FCOMMENT))
		st = head_string(&h, NULL, 0);
	if (st == GZ_OK && (fixed[3] & FHCRC)) {
		uLong want = h.crc & 0xffff;
		int lo = head_byte(&h), hi = head_byte(&h);

		if (lo < 0 || hi < 0)
			return head_ended(&h);
		if (((uLong)lo | (uLong)hi << 8) != want)
			return GZ_BAD;
	}
	return st;
}

uint64_t
gz_size_peek(struct source *s)
{
	const uint8_t *p;
	size_t have;

	source_fill(s, GZ_SIZED_HEAD);
	p = source_peek(s, &have);
	if (have < GZ_SIZED_HEAD || p[0] != 0x1f || p[1] != 0x8b || p[2] != Z_DEFLATED || !(p[3] & FEXTRA))
		return 0;
	/* XLEN, then the subfield: its two letters, its length. */
	if (p[10] + 256u * p[11] >= EXTRA && memcmp(p + 12, "IG\4\0", 4) == 0)
		return gz_le32(p + 16);
	if (p[10] + 256u * p[11] >= 6 && memcmp(p + 12, "BC\2\0", 4) == 0)
		return p[16] + 256u * p[17] + 1u;
	return 0;
}

enum gz_status
gz_head_look(struct source *s, uint64_t at, struct gz_member *m, uint64_t *len, uint64_t spare)
{
	static const size_t looks[] = { GZ_LOOK, 4096 };
	uint64_t most = spare < GZ_LOOK_MOST - GZ_LOOK ? GZ_LOOK + spare : GZ_LOOK_MOST;
	enum gz_status st = GZ_CUT;
	uint8_t bytes[4096];
	struct source some;

	for (size_t i = 0; i < sizeof(looks) / sizeof(*looks); i++) {
		size_t n = source_look(s, at, bytes, looks[i] < most ? looks[i] : (size_t)most);

		source_memory(&some, bytes, n);
		st = gz_head_read(&some, m, UINT64_MAX);
		*len = source_at(&some);
		if (st != GZ_CUT || n < looks[i])
			return st;
	}
	source_seek(s, at);
	st = gz_head_read(s, m, most);
	*len = source_at(s) - at;
	return st;
}

int
gz_size_whole(uint64_t size)
{
	return size < ((uint64_t)UINT32_MAX + 1) / GZ_RATIO;
}
