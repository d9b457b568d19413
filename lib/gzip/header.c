#include "gzip/header.h"

#include <string.h>
#include <zlib.h>

/* FLG, RFC 1952 section 2.3.1. */
#define FHCRC 0x02u
#define FEXTRA 0x04u
#define FNAME 0x08u
#define FCOMMENT 0x10u
#define RESERVED 0xe0u

#define FIXED 10u	/* bytes from ID1 to OS */
#define SECOND 0x8bu	/* ID2 */
/* The subfields that say a member's size: their letters and the length of their values. */
#define SIZE_FIELD "IG\4\0"
#define BGZF_FIELD "BC\2\0"
#define EXTRA 8u	/* our extra field, bytes: SIZE_FIELD and the size */
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

	out[0] = GZ_FIRST;
	out[1] = SECOND;
	out[2] = Z_DEFLATED;
	out[3] = (uint8_t)((h->sized ? FEXTRA : 0) | (h->name != NULL ? FNAME : 0) |
	    (h->comment != NULL ? FCOMMENT : 0));
	put32(out + 4, h->mtime);
	out[8] = h->level == 9 ? 2 : h->level == 1 ? 4 : 0;
	out[9] = OS_UNIX;
	if (h->sized) {
		put16(p, EXTRA);
		memcpy(p + 2, SIZE_FIELD, 4);
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
	uLong crc;		/* of the bytes taken so far, for FHCRC */
	uint64_t left;		/* how many more may be taken */
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

/* Why the header could not be taken: there are no more bytes, or it may not have more. */
static enum gz_status
head_ended(const struct head_bytes *h)
{
	return h->left == 0 ? GZ_BAD : GZ_CUT;
}

/*
 * Takes a string with its terminator, and keeps as much of it as fits in keep[size], unless that is
 * NULL.
 */
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

/* Takes n bytes, the first room of which are kept; -1 at the end. */
static int
head_take(struct head_bytes *h, uint8_t *keep, size_t room, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int c = head_byte(h);

		if (c < 0)
			return -1;
		if (i < room)
			keep[i] = (uint8_t)c;
	}
	return 0;
}

/* Notes a subfield that says the member's size; whole: the extra field does not end inside it. */
static void
note_subfield(struct gz_member *m, const uint8_t field[4], const uint8_t value[4], int whole)
{
	if (memcmp(field, SIZE_FIELD, 4) == 0) {
		m->sized = 1;
		if (whole && m->size == 0)
			m->size = gz_le32(value);
	} else if (memcmp(field, BGZF_FIELD, 4) == 0) {
		m->bgzf = 1;
		if (whole && m->bgzf_size == 0)
			m->bgzf_size = value[0] + 256u * value[1] + 1;
	}
}

/* Takes XLEN and the subfields (RFC 1952 section 2.3.1.1). */
static enum gz_status
head_extra(struct head_bytes *h, struct gz_member *m)
{
	uint8_t field[4], value[4] = { 0 };
	size_t left, n;

	if (head_take(h, field, 2, 2) < 0)
		return head_ended(h);
	for (left = field[0] + 256u * field[1]; left > 0; left -= n) {
		size_t len;

		/* Two letters, and the length of the value. */
		n = left < sizeof(field) ? left : sizeof(field);
		if (head_take(h, field, sizeof(field), n) < 0)
			return head_ended(h);
		if (n < sizeof(field))
			continue;
		left -= n;
		len = field[2] + 256u * field[3];
		n = len < left ? len : left;
		if (head_take(h, value, sizeof(value), n) < 0)
			return head_ended(h);
		note_subfield(m, field, value, n == len);
	}
	return GZ_OK;
}

int
gz_knows(const uint8_t *p, size_t n)
{
	return n > 0 && p[0] == GZ_FIRST && (n == 1 || p[1] == SECOND);
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
	if (!gz_knows(p, have))
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
	m->plain = fixed[3] == FEXTRA;
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
gz_size_said(const uint8_t *p, size_t n)
{
	struct gz_member m = { 0 };
	struct head_bytes h = { .left = UINT64_MAX };
	struct source from;

	if (n < GZ_SIZED_HEAD || !gz_knows(p, n) || p[2] != Z_DEFLATED ||
	    (p[3] & (FEXTRA | RESERVED)) != FEXTRA)
		return 0;
	source_memory(&from, p + FIXED, n - FIXED);
	h.s = &from;
	/* Subfields that are there count, even if others are not. */
	head_extra(&h, &m);
	return m.size != 0 ? m.size : m.bgzf_size;
}

uint64_t
gz_size_peek(struct source *s)
{
	const uint8_t *p;
	size_t have, want;

	source_fill(s, GZ_SIZED_HEAD);
	p = source_peek(s, &have);
	if (have < GZ_SIZED_HEAD || !gz_knows(p, have) || !(p[3] & FEXTRA))
		return 0;
	want = FIXED + 2 + p[FIXED] + 256u * p[FIXED + 1];
	if (want > have) {
		source_fill(s, want);
		p = source_peek(s, &have);
	}
	return gz_size_said(p, have);
}

int
gz_end_parse(const uint8_t *p, size_t n, struct gz_end *e)
{
	if (n < GZ_TRAILER)
		return 0;
	*e = (struct gz_end){ .crc = gz_le32(p), .data_size = gz_le32(p + 4),
		.next = gz_size_said(p + GZ_TRAILER, n - GZ_TRAILER) };
	return 1;
}

int
gz_plain_starts(const uint8_t *p, size_t n)
{
	return n >= GZ_SIZED_HEAD && p[3] == FEXTRA &&
	    gz_size_said(p, n < GZ_LOOK ? n : GZ_LOOK) != 0;
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
