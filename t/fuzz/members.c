/*
 * Fuzz target: the index of members that say their size.  Any part of their data is what a plain walk from the start
 * decodes; a part that the walk finds damaged cannot be read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gzip/header.h"
#include "reference.h"
#include "stored/image.h"
#include "stored/member_index.h"
#include "target.h"

#define READS 12

/* Reads a part; in a file whose sizes are right it is what the walk has there. */
static void
check_read(struct member_index *x, const uint8_t *data, size_t made, int sound,
    struct target_draw *draw)
{
	uint64_t at = target_draw(draw, x->size);
	size_t len = 1 + (size_t)target_draw(draw, 20000);
	uint8_t *buf = malloc(len);
	ssize_t n;

	MUST(buf != NULL);
	n = member_index_read(x, at, buf, len);
	if (n < 0) {
		MUST(errno == EBADMSG && x->status != INFLATE_OK && x->status_at < x->end);
		MUST(!sound);
	} else {
		MUST(n > 0 && (size_t)n <= len && (size_t)n <= x->size - at);
		if (sound)
			MUST(at + (size_t)n <= made && memcmp(buf, data + at, (size_t)n) == 0);
	}
	free(buf);
}

/* The members one by one, from the sizes that they say: whether each is sound, and has the data that it says. */
static int
check_members(struct member_index *x, const uint8_t *bytes, struct target_draw *draw)
{
	uint64_t in = 0, out = 0;
	int all = 1;

	while (in < x->end) {
		uint64_t left = x->end - in;
		size_t len = (size_t)gz_size_said(bytes + in, left < GZ_LOOK ? left : GZ_LOOK), claim;
		struct reference r;
		uint8_t *buf;
		ssize_t n;

		MUST(len >= GZ_MEMBER_MIN && len <= left);
		claim = gz_le32(bytes + in + len - 4);
		r = reference_read(bytes + in, len);
		/* A member in these bytes alone, not two, nor one and padding. */
		if (claim > 0 && target_draw(draw, 4) == 0) {
			MUST((buf = malloc(claim)) != NULL);
			n = member_index_read(x, out, buf, claim);
			if (n >= 0 && !r.odd_codes)
				MUST((size_t)n == claim && r.verdict == WHOLE && r.len == claim &&
				    memcmp(buf, r.data, claim) == 0);
			free(buf);
		}
		all &= r.verdict == WHOLE && r.len == claim;
		free(r.data);
		in += len;
		out += claim;
	}
	MUST(in == x->end && out == x->size);
	return all;
}

/* An image reads over the end of the indexed members. */
static void
check_image(int fd, const uint8_t *data, size_t made, struct target_draw *draw)
{
	struct image *i;
	uint8_t buf[4096];
	uint64_t at, end;
	ssize_t n;

	MUST(image_open(&i, fd) == 0);
	MUST(image_size(i) == made);
	for (int k = 0; k < READS; k++) {
		at = target_draw(draw, made + 10);
		n = image_read(i, at, buf, sizeof(buf));
		end = made - (at < made ? at : made);
		MUST(n == (ssize_t)(end < sizeof(buf) ? end : sizeof(buf)));
		MUST(n == 0 || memcmp(buf, data + at, (size_t)n) == 0);
	}
	MUST(image_end(i, &at) == INFLATE_OK);
	image_close(i);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	int fd = target_file(bytes, len), sound;
	struct target_draw draw;
	struct member_index x;
	struct reference r;

	target_draw_start(&draw, bytes, len);
	MUST(member_index_open(&x, fd, len) == 0);
	MUST(x.end <= len && (x.members > 0) == (x.end > 0));
	/* What one input may cost. */
	if (x.end > 0 && x.size < REFERENCE_MOST) {
		sound = check_members(&x, bytes, &draw);
		r = reference_read(bytes, (size_t)x.end);
		MUST(!sound || r.len == x.size);
		for (int i = 0; x.size > 0 && i < READS; i++)
			check_read(&x, r.data, r.len, sound, &draw);
		free(r.data);
		r = reference_read(bytes, len);
		if (sound && r.verdict == WHOLE && !r.padded)
			check_image(fd, r.data, r.len, &draw);
		free(r.data);
	}
	member_index_close(&x);
	target_close(fd);
	return 0;
}
