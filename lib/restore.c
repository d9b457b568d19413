#include "restore.h"

#include <errno.h>
#include <unistd.h>

#include "inflate.h"
#include "sink.h"
#include "source.h"

/* Bytes between two calls of progress. */
#define STEP (4u * 1024 * 1024)

static enum inflate_status
copy(struct restore *r, struct source *s, struct sink *k)
{
	uint64_t told = 0;
	const uint8_t *p;
	size_t n;

	while (source_fill(s, 1) > 0) {
		p = source_peek(s, &n);
		if (sink_write(k, p, n) < 0) {
			r->error = errno;
			return INFLATE_WRITE;
		}
		source_take(s, n);
		if (r->progress != NULL && k->at - told >= STEP) {
			r->progress(r->progress_arg, k->at, k->at);
			told = k->at;
		}
	}
	r->error = s->failed;
	if (s->failed == 0 && sink_end(k) < 0) {
		r->error = errno;
		return INFLATE_WRITE;
	}
	return s->failed != 0 ? INFLATE_READ : INFLATE_OK;
}

static enum inflate_status
decode(struct restore *r, struct source *s, struct sink *k, int salvage)
{
	enum inflate_status st;
	struct inflate f;

	if (inflate_open(&f, s, k) < 0)
		return INFLATE_MEMORY;
	f.threads = r->threads > 0 ? r->threads : 1;
	f.progress = r->progress;
	f.arg = r->progress_arg;
	st = salvage ? inflate_salvage(&f, r->lost, r->lost_arg) : inflate_all(&f);
	r->at = f.at;
	r->error = f.error;
	inflate_close(&f);
	return st;
}

static void
open_sink(const struct restore *r, struct sink *k, int out)
{
	sink_open(k, out);
	if (r->most > 0)
		k->to = r->most;
}

/* Whether another try may save what is behind the damage. */
static int
damaged(enum inflate_status st)
{
	return st == INFLATE_CUT || st == INFLATE_HEAD || st == INFLATE_DATA || st == INFLATE_CHECK ||
	    st == INFLATE_LENGTH;
}

enum inflate_status
restore(struct restore *r, int in, int out)
{
	enum inflate_status st;
	struct source s;
	struct sink k;
	const uint8_t *p;
	size_t n;

	if (source_open(&s, in) < 0)
		return INFLATE_MEMORY;
	if (s.seekable)
		source_seek(&s, 0);
	source_fill(&s, 2);
	p = source_peek(&s, &n);
	open_sink(r, &k, out);
	if (!inflate_knows(p, n)) {
		st = copy(r, &s, &k);
	} else if (damaged(st = decode(r, &s, &k, 0)) && s.seekable && r->lost != NULL) {
		source_seek(&s, 0);
		if (ftruncate(out, 0) < 0 || lseek(out, 0, SEEK_SET) < 0) {
			r->error = errno;
			st = INFLATE_WRITE;
		} else {
			open_sink(r, &k, out);
			st = decode(r, &s, &k, 1);
		}
	}
	r->in = source_at(&s);
	r->size = k.at;
	source_close(&s);
	return st;
}
