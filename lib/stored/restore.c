#include "stored/restore.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "gzip/inflate.h"
#include "gzip/sink.h"
#include "gzip/source.h"
#include "system/scratch.h"

/* Bytes between two calls of progress. */
#define STEP (4u * 1024 * 1024)

/* On the way from in to out. */
struct way {
	struct restore *r;
	int out;
	uint64_t most;		/* bytes that may be written; what is more is only counted */
	uint64_t at;		/* where in the input something is amiss */
	int error;		/* errno of INFLATE_READ, INFLATE_WRITE and INFLATE_MEMORY */
	struct source s;
	struct sink k;
};

static void
open_sink(struct way *w)
{
	sink_open(&w->k, w->out);
	w->k.to = w->most;
}

static enum inflate_status
copy(struct way *w)
{
	uint64_t told = 0;
	const uint8_t *p;
	size_t n;

	source_fill(&w->s, SELFMAG);
	p = source_peek(&w->s, &n);
	/* It is no core, and may have no end. */
	if (n < SELFMAG || memcmp(p, ELFMAG, SELFMAG) != 0) {
		w->error = w->s.failed;
		return w->s.failed != 0 ? INFLATE_READ : sink_write(&w->k, p, n) == 0 ? INFLATE_OK :
		    INFLATE_WRITE;
	}
	while (source_fill(&w->s, 1) > 0) {
		p = source_peek(&w->s, &n);
		if (sink_write(&w->k, p, n) < 0) {
			w->error = errno;
			return INFLATE_WRITE;
		}
		source_take(&w->s, n);
		if (w->r->progress != NULL && w->k.at - told >= STEP) {
			w->r->progress(w->r->progress_arg, w->k.at, w->k.at);
			told = w->k.at;
		}
	}
	w->error = w->s.failed;
	if (w->s.failed == 0 && sink_end(&w->k) < 0) {
		w->error = errno;
		return INFLATE_WRITE;
	}
	return w->s.failed != 0 ? INFLATE_READ : INFLATE_OK;
}

static enum inflate_status
decode(struct way *w, int salvage)
{
	struct restore *r = w->r;
	enum inflate_status st;
	struct inflate f;

	w->error = ENOMEM;
	if (inflate_open(&f, &w->s, &w->k) < 0)
		return INFLATE_MEMORY;
	f.threads = r->threads > 0 ? r->threads : 1;
	f.progress = r->progress;
	f.arg = r->progress_arg;
	st = salvage ? inflate_salvage(&f, r->lost, r->lost_arg) : inflate_all(&f);
	w->at = f.at;
	if (st != INFLATE_MEMORY)
		w->error = f.error;
	inflate_close(&f);
	return st;
}

/* Whether another try may save what is behind the damage. */
static int
damaged(enum inflate_status st)
{
	return st == INFLATE_CUT || st == INFLATE_HEAD || st == INFLATE_DATA ||
	    st == INFLATE_CHECK || st == INFLATE_LENGTH;
}

/* From a descriptor of plain, gzip or zlib data to w->out, an empty file. */
static enum inflate_status
restore(struct way *w, int in)
{
	enum inflate_status st;
	const uint8_t *p;
	size_t n;

	if (source_open(&w->s, in) < 0) {
		w->error = errno;
		return INFLATE_READ;
	}
	if (w->s.seekable)
		source_seek(&w->s, 0);
	source_fill(&w->s, 2);
	p = source_peek(&w->s, &n);
	open_sink(w);
	if (!inflate_knows(p, n)) {
		st = copy(w);
	} else if (damaged(st = decode(w, 0)) && w->s.seekable && w->r->lost != NULL) {
		source_seek(&w->s, 0);
		if (ftruncate(w->out, 0) < 0 || lseek(w->out, 0, SEEK_SET) < 0) {
			w->error = errno;
			st = INFLATE_WRITE;
		} else {
			open_sink(w);
			st = decode(w, 1);
		}
	}
	w->r->in = source_at(&w->s);
	w->r->size = w->k.at;
	source_close(&w->s);
	return st;
}

/* What came of it, in words where it is not well. */
static enum unpack_status
judge(struct restore *r, const struct way *w, enum inflate_status st)
{
	switch (st) {
	case INFLATE_OK:
	case INFLATE_LOST:
		return UNPACK_OK;
	case INFLATE_READ:
	case INFLATE_MEMORY:
		snprintf(r->why, sizeof(r->why), "%s", strerror(w->error));
		return UNPACK_CANNOT;
	case INFLATE_WRITE:
		snprintf(r->why, sizeof(r->why), "restoring it in %.256s: %s",
		    r->dir != NULL ? r->dir : "memory", strerror(w->error));
		return UNPACK_CANNOT;
	default:
		snprintf(r->why, sizeof(r->why), "byte %" PRIu64 ": %s", w->at, inflate_words(st));
		return UNPACK_DAMAGED;
	}
}

/* One try; w->most tells whether there was room for all. */
static enum unpack_status
attempt(struct restore *r, struct way *w, int in, const char *identity, int disk)
{
	uint64_t size = r->expected > 0 ? r->expected : UINT64_MAX;
	enum inflate_status inflated;
	enum unpack_status st, end;
	struct unpack u;

	if ((st = unpack_open(&u, in, identity, 0)) != UNPACK_OK) {
		memcpy(r->why, u.why, sizeof(r->why));
		return st;
	}
	r->secret = u.secret;
	w->out = scratch_open(size,
	    disk ? SCRATCH_DISK : u.secret ? SCRATCH_SECRET : SCRATCH_FITTING, &r->dir, &w->most);
	if (w->out < 0) {
		w->error = errno;
		unpack_end(&u);
		return judge(r, w, INFLATE_WRITE);
	}
	inflated = restore(w, u.fd);
	st = judge(r, w, inflated);
	/* A program's failure is the cause of what its reader finds. */
	if ((end = unpack_end(&u)) != UNPACK_OK && st != UNPACK_CANNOT) {
		memcpy(r->why, u.why, sizeof(r->why));
		st = end;
	}
	if (st == UNPACK_CANNOT)
		io_close(w->out);
	return st;
}

enum unpack_status
restore_open(struct restore *r, int in, const char *identity, int *out)
{
	struct way w = { .r = r };
	enum unpack_status st = attempt(r, &w, in, identity, 0);

	if ((st == UNPACK_OK || st == UNPACK_DAMAGED) && r->size > w.most) {
		io_close(w.out);
		if (lseek(in, 0, SEEK_SET) < 0) {
			snprintf(r->why, sizeof(r->why),
			    "too large for memory, and it cannot be read again for the disk");
			return UNPACK_CANNOT;
		}
		st = attempt(r, &w, in, identity, 1);
	}
	*out = w.out;
	return st;
}
