#include "gzip/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int
inflate_end(const struct inflate *f, enum inflate_status st, const char *path, char *words)
{
	const char *what = inflate_words(st);

	*words = '\0';
	switch (st) {
	case INFLATE_OK:
		return 0;
	case INFLATE_LOST:
		return 1;
	case INFLATE_READ:
		snprintf(words, INFLATE_END_WORDS, "%s: %s", path, strerror(f->error));
		return 2;
	case INFLATE_WRITE:
		snprintf(words, INFLATE_END_WORDS, "<stdout>: write: %s", strerror(f->error));
		return 2;
	case INFLATE_UNKNOWN:
	case INFLATE_EMPTY:
	case INFLATE_MEMORY:
		snprintf(words, INFLATE_END_WORDS, "%s: %s", path, what);
		return 2;
	case INFLATE_SHORT:
		snprintf(words, INFLATE_END_WORDS, "%s: %s, at %" PRIu64, path, what, f->out->at);
		return 2;
	default:
		snprintf(words, INFLATE_END_WORDS, "%s: byte %" PRIu64 ": %s", path, f->at, what);
		return st == INFLATE_TRAILING ? 1 : 2;
	}
}

int
inflate_file(struct inflate_file *i, int in, int out)
{
	struct source s;
	struct inflate f;
	struct sink k;
	uint64_t start;
	int status = 2;

	sink_open(&k, out);
	if (source_open(&s, in) < 0) {
		snprintf(i->words, sizeof(i->words), "%s: %s", i->path, strerror(errno));
		return 2;
	}
	start = source_at(&s);
	if (inflate_open(&f, &s, &k) < 0) {
		snprintf(i->words, sizeof(i->words), "%s: %s", i->path,
		    inflate_words(INFLATE_MEMORY));
	} else {
		f.threads = i->threads;
		f.progress = i->progress;
		f.arg = i->arg;
		status = inflate_end(&f, inflate_all(&f), i->path, i->words);
		inflate_close(&f);
	}
	i->in = source_at(&s) - start;
	i->out = k.at;
	source_close(&s);
	return status;
}
