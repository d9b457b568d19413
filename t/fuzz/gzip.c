/*
 * Fuzz target: gzip and zlib data.  What the library decodes, and its verdict, are those of zlib's inflate, whichever
 * way it reads: in order, by threads, a range, a list, or with what can be saved.
 */
#include <stdlib.h>
#include <string.h>

#include "gzip/inflate.h"
#include "reference.h"
#include "target.h"

enum way { IN_ORDER, STRICT, RANGE, LIST, SALVAGE };

struct ours {
	enum inflate_status status;
	uint8_t *data;
	size_t len;
	uint64_t made;		/* bytes of data, also those that did not go out */
};

struct list {
	uint64_t in, out;
};

static void
next_member(void *arg, const struct inflate_member *m)
{
	struct list *l = arg;

	MUST(m->offset >= l->in && m->data_offset == l->out);
	l->in = m->offset + m->size;
	l->out = m->data_offset + m->data_size;
}

static void
lost(void *arg, const struct inflate_lost *l)
{
	char words[INFLATE_LOST_WORDS];

	*(int *)arg = 1;
	MUST(strlen(inflate_lost_words(words, l)) > 0);
}

/* What the library makes of it. */
static struct ours
decode(struct source *s, enum way way, size_t threads, uint64_t offset, uint64_t len)
{
	int out = target_file(NULL, 0), told = 0;
	struct list list = { 0, 0 };
	struct inflate f;
	struct sink k;
	struct ours o;

	sink_open(&k, way == LIST ? -1 : out);
	MUST(inflate_open(&f, s, &k) == 0);
	f.threads = threads;
	f.strict = way == STRICT;
	switch (way) {
	case RANGE:
		o.status = inflate_range(&f, offset, len);
		break;
	case LIST:
		o.status = inflate_list(&f, next_member, &list);
		MUST(o.status != INFLATE_OK || list.out == k.at);
		break;
	case SALVAGE:
		o.status = inflate_salvage(&f, lost, &told);
		break;
	default:
		o.status = inflate_all(&f);
	}
	o.made = k.at;
	inflate_close(&f);
	o.data = target_bytes(out, &o.len);
	target_close(out);
	return o;
}

/* The same of a file; freed by the caller. */
static struct ours
decode_file(int fd, enum way way, size_t threads, uint64_t offset, uint64_t len)
{
	struct source s;
	struct ours o;

	MUST(source_open(&s, fd) == 0);
	o = decode(&s, way, threads, offset, len);
	source_close(&s);
	return o;
}

static enum reference_verdict
verdict_of(enum inflate_status st)
{
	MUST(st != INFLATE_READ && st != INFLATE_WRITE && st != INFLATE_MEMORY);
	return st == INFLATE_OK ? WHOLE : st == INFLATE_TRAILING ? TRAILING : BAD;
}

static void
must_agree(const struct ours *o, const struct reference *want)
{
	enum reference_verdict v = verdict_of(o->status);

	/* Zeros between members that say their sizes are members that a disk has lost. */
	if (v != want->verdict)
		MUST(want->odd_codes || (o->status == INFLATE_HEAD && want->padded));
	else if (v != BAD)
		MUST(o->len == want->len);
	if (o->len > 0 && want->len > 0)
		MUST(memcmp(o->data, want->data, o->len < want->len ? o->len : want->len) == 0);
}

/* Ways that hop over members, by sizes that are known to be right. */
static void
check_hops(int fd, const struct reference *want, struct target_draw *draw)
{
	uint64_t from = target_draw(draw, want->len + 3), n = target_draw(draw, want->len + 3);
	uint64_t have = from < want->len ? want->len - from : 0;
	struct ours o = decode_file(fd, RANGE, 1, from, n);

	MUST(o.status == (from + n > want->len ? INFLATE_SHORT : INFLATE_OK));
	MUST(o.len == (n < have ? n : have));
	MUST(o.len == 0 || memcmp(o.data, want->data + from, o.len) == 0);
	free(o.data);
	o = decode_file(fd, LIST, 1, 0, 0);
	MUST(o.status == INFLATE_OK && o.made == want->len);
	free(o.data);
}

static void
check_salvage(int fd, const struct reference *want)
{
	struct ours o = decode_file(fd, SALVAGE, 1, 0, 0);
	enum reference_verdict v = verdict_of(o.status);

	MUST(v == want->verdict || v == BAD || want->odd_codes);
	if (o.status == INFLATE_OK && !want->odd_codes)
		MUST(o.len == want->len && memcmp(o.data, want->data, o.len) == 0);
	free(o.data);
}

/* One of the other ways, which the input says: each takes as long as the first. */
static void
check_file(int fd, const struct ours *first, const struct reference *want,
    struct target_draw *draw)
{
	unsigned way = (unsigned)target_draw(draw, 16);
	struct ours o;

	if (way < 5) {
		check_salvage(fd, want);
		return;
	}
	/* Threads take long to start. */
	o = decode_file(fd, way < 10 ? STRICT : IN_ORDER, way == 15 ? 3 : 1, 0, 0);
	if (way < 10 && o.status == INFLATE_HEAD) {
		/* A size that is wrong counts here, and may come before other damage. */
		MUST(o.len <= first->len || want->odd_codes);
	} else {
		MUST(o.status == first->status || want->odd_codes);
		MUST(o.len == first->len || want->odd_codes);
		must_agree(&o, want);
	}
	if (way < 10 && o.status == INFLATE_OK && !want->odd_codes)
		check_hops(fd, want, draw);
	free(o.data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct reference want = reference_read(bytes, len);
	struct target_draw draw;
	struct ours first;
	struct source s;
	int fd;

	if (!want.large && len > 0) {
		target_draw_start(&draw, bytes, len);
		source_memory(&s, bytes, len);
		first = decode(&s, IN_ORDER, 1, 0, 0);
		must_agree(&first, &want);
		fd = target_file(bytes, len);
		check_file(fd, &first, &want, &draw);
		target_close(fd);
		free(first.data);
	}
	free(want.data);
	return 0;
}
