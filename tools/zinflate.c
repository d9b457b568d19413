/* zinflate - decompress, test, list or salvage gzip and zlib data */
#include <err.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/number.h"
#include "base/ordered.h"
#include "base/progress.h"
#include "engine/engine.h"
#include "gzip/file.h"
#include "gzip/inflate.h"
#include "options.h"
#include "record/record.h"
#include "system/processors.h"

static const char *path;

static int
usage(FILE *to, int status)
{
	fputs("usage: zinflate [-cdhkVv] [-T N] [FILE]\n"
	      "       zinflate -l [-v] [FILE]\n"
	      "       zinflate -r OFFSET:LENGTH [-v] [FILE]\n"
	      "       zinflate -t [-kv] [-T N] [FILE]\n",
	    to);
	return fflush(to) == 0 ? status : 2;
}

static void
list(void *arg, const struct inflate_member *m)
{
	char name[RECORD_ESCAPED(GZ_NAME_MAX)];

	(void)arg;
	record_escape(name, m->head.name, strlen(m->head.name));
	printf("%12" PRIu64 " %10" PRIu64 " %14" PRIu64 " %10" PRIu64 "  %08" PRIx32 "%s%s\n",
	    m->offset, m->size, m->data_offset, m->data_size, m->check, *name != '\0' ? "  " : "",
	    name);
}

static void
lost(void *arg, const struct inflate_lost *l)
{
	char words[INFLATE_LOST_WORDS];

	(void)arg;
	warnx("%s: %s", path, inflate_lost_words(words, l));
}

static int
range(const char *text, uint64_t *offset, uint64_t *len)
{
	char first[32];
	const char *colon = strchr(text, ':');

	if (colon == NULL || (size_t)(colon - text) >= sizeof(first))
		return -1;
	memcpy(first, text, (size_t)(colon - text));
	first[colon - text] = '\0';
	if (number_size(first, 0, UINT64_MAX, offset) < 0)
		return -1;
	return number_size(colon + 1, 0, UINT64_MAX, len);
}

/* The file, or standard input for NULL; to keep what is whole takes one that can be sought. */
static int
open_input(const char *operand, int keep)
{
	int fd = io_open(operand);

	path = operand != NULL && strcmp(operand, "-") != 0 ? operand : "<stdin>";
	if (fd < 0)
		err(2, "%s", path);
	if (isatty(fd))
		errx(2, "%s: is a terminal: compressed bytes are not read from there", path);
	if (keep && (fd = io_seekable(fd)) < 0)
		err(2, "%s: no copy to seek in", path);
	return fd;
}

static enum inflate_status
work(struct inflate *f, const char *opt[128], uint64_t offset, uint64_t len)
{
	if (opt['l'] != NULL)
		return inflate_list(f, list, NULL);
	if (opt['r'] != NULL)
		return inflate_range(f, offset, len);
	return opt['k'] != NULL ? inflate_salvage(f, lost, NULL) : inflate_all(f);
}

static const struct option_about about = { .built = engine_names, .calls = INFLATE_CALLS };

int
main(int argc, char **argv)
{
	const char *opt[128] = { NULL };
	int keep, listing, ranged, testing, verbose, fd, status;
	uint64_t offset = 0, len = 0, start;
	size_t threads = 0;
	enum inflate_status st;
	struct inflate f;
	struct progress p;
	struct source in;
	struct sink out;
	char words[INFLATE_END_WORDS];

	if (io_std() < 0)
		err(2, "/dev/null");
	options_take(argc, argv, "cdhklr:T:tVv", opt, usage, "zinflate", &about);
	keep = opt['k'] != NULL;
	listing = opt['l'] != NULL;
	ranged = opt['r'] != NULL;
	testing = opt['t'] != NULL;
	verbose = opt['v'] != NULL;
	if (ranged && range(opt['r'], &offset, &len) < 0)
		errx(2, "-r %s: not an OFFSET:LENGTH in bytes", opt['r']);
	if (opt['T'] != NULL)
		threads = (size_t)option_number('T', opt['T'], 1, ORDERED_WORKERS, " of threads");
	if (argc - optind > 1 || listing + ranged + (testing || keep || threads > 0) > 1)
		return usage(stderr, 2);

	fd = open_input(argv[optind], keep);
	sink_open(&out, testing || listing ? -1 : STDOUT_FILENO);
	if (source_open(&in, fd) < 0 || inflate_open(&f, &in, &out) < 0)
		err(2, "%s", path);
	f.strict = testing;
	f.threads = threads > 0 ? threads : processors_usable();
	start = source_at(&in);
	option_confine(INFLATE_CALLS);
	progress_start(&p, STDERR_FILENO);
	if (verbose && isatty(STDERR_FILENO)) {
		f.progress = progress_show;
		f.arg = &p;
	}
	st = work(&f, opt, offset, len);
	if (f.progress != NULL)
		fputs("\r\033[K", stderr);
	status = inflate_end(&f, st, path, words);
	if (*words != '\0')
		warnx("%s", words);
	if (fflush(stdout) != 0 || io_close(STDOUT_FILENO) < 0) {
		warn("<stdout>: write");
		status = 2;
	}
	if (verbose)
		warnx("%s: %s", path, progress_line(&p, source_at(&in) - start, out.at));
	inflate_close(&f);
	source_close(&in);
	return status;
}
