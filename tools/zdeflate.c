/* zdeflate - compress to one zlib stream */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/number.h"
#include "base/ordered.h"
#include "base/progress.h"
#include "engine/engine.h"
#include "gzip/deflate.h"
#include "gzip/file.h"
#include "system/processors.h"

static int
usage(FILE *to, int status)
{
	fputs("usage: zdeflate [-0123456789cdfhVv] [-A MIN-MAX] [-b SIZE] [-T N] [FILE]\n", to);
	return fflush(to) == 0 ? status : 2;
}

static void
fail(const struct deflate *d, enum deflate_status st, const char *path)
{
	if (d->progress != NULL)
		fputs("\r\033[K", stderr);
	switch (st) {
	case DEFLATE_READ:
		err(2, "%s", path);
	case DEFLATE_WRITE:
		err(2, "<stdout>: write");
	case DEFLATE_MEMORY:
		err(2, "memory");
	default:
		errx(2, "%s: the engine failed", path);
	}
}

/* -d: what zinflate does; returns its exit status. */
static int
inflate_input(struct deflate *d, int fd, const char *path)
{
	struct inflate_file i = { .path = path, .threads = d->threads, .progress = d->progress, .arg = d->arg };
	int status = inflate_file(&i, fd, STDOUT_FILENO);

	d->in = i.in;
	d->out = i.out;
	if (d->progress != NULL)
		fputs("\r\033[K", stderr);
	if (*i.words != '\0')
		warnx("%s", i.words);
	return status;
}

int
main(int argc, char **argv)
{
	struct deflate d = { .format = DEFLATE_ZLIB, .level = DEFLATE_LEVEL,
		.chunk = DEFLATE_CHUNK, .threads = processors_usable() };
	int decompress = 0, force = 0, verbose = 0, status = 0, c, fd;
	enum deflate_status st;
	struct progress p;
	const char *path;
	uint64_t n;

	if (io_std() < 0)
		return 2;
	while ((c = getopt(argc, argv, "0123456789A:b:cdfhT:Vv")) != -1) {
		switch (c) {
		case 'A':
			if (deflate_levels(optarg, &d.level, &d.level_max) < 0)
				errx(2, "-A %s: not two levels from 0 to 9 such as 1-9", optarg);
			break;
		case 'b':
			if (number_size(optarg, DEFLATE_CHUNK_MIN, DEFLATE_CHUNK_MAX, &n) < 0)
				errx(2, "-b %s: not a size from 1K to 512M", optarg);
			d.chunk = (size_t)n;
			break;
		case 'c':
			/* As it is in any case. */
			break;
		case 'd':
			decompress = 1;
			break;
		case 'f':
			force = 1;
			break;
		case 'h':
			return usage(stdout, 0);
		case 'T':
			if (number_parse(optarg, 1, ORDERED_WORKERS, &n) < 0)
				errx(2, "-T %s: not a number of threads from 1 to %d", optarg, ORDERED_WORKERS);
			d.threads = (size_t)n;
			break;
		case 'V':
			printf("zdeflate %s (%s)\n", VERSION, engine_names);
			return fflush(stdout) == 0 ? 0 : 2;
		case 'v':
			verbose = 1;
			break;
		case '?':
			return usage(stderr, 2);
		default:
			d.level = d.level_max = c - '0';
		}
	}
	if (argc - optind > 1)
		return usage(stderr, 2);

	path = argc > optind && strcmp(argv[optind], "-") != 0 ? argv[optind] : "<stdin>";
	if ((fd = io_open(argc > optind ? argv[optind] : NULL)) < 0)
		err(2, "%s", path);
	if (decompress && isatty(fd))
		errx(2, "%s: is a terminal: compressed bytes are not read from there", path);
	if (!decompress && isatty(STDOUT_FILENO) && !force)
		errx(2, "<stdout>: is a terminal: -f writes compressed bytes there");
	progress_start(&p, STDERR_FILENO);
	if (verbose && isatty(STDERR_FILENO)) {
		d.progress = progress_show;
		d.arg = &p;
	}
	if (decompress)
		status = inflate_input(&d, fd, path);
	else if ((st = deflate_run(&d, fd, STDOUT_FILENO)) != DEFLATE_OK)
		fail(&d, st, path);
	if (!decompress && d.progress != NULL)
		fputs("\r\033[K", stderr);
	if (io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: close");
	if (verbose)
		warnx("%s: %s", path, progress_line(&p, d.in, d.out));
	return status;
}
