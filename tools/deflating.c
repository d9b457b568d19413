#include "deflating.h"

#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/ordered.h"
#include "base/progress.h"
#include "gzip/file.h"
#include "gzip/inflate.h"
#include "options.h"
#include "system/processors.h"

void
deflating_init(struct deflating *f, enum deflate_format format)
{
	*f = (struct deflating){ .d = { .format = format, .level = DEFLATE_LEVEL,
	    .chunk = DEFLATE_CHUNK,
		.threads = processors_usable() } };
}

void
deflating_option(struct deflating *f, int letter)
{
	struct deflate *d = &f->d;
	uint64_t n;

	switch (letter) {
	case 'A':
		if (deflate_levels(optarg, &d->level, &d->level_max) < 0)
			errx(2, "-A %s: not two levels from 0 to 9 such as 1-9", optarg);
		break;
	case 'b':
		if (number_size(optarg, DEFLATE_CHUNK_MIN, DEFLATE_CHUNK_MAX, &n) < 0)
			errx(2, "-b %s: not a size from 1K to 512M", optarg);
		d->chunk = (size_t)n;
		break;
	case 'c':
		/* As it is in any case. */
		break;
	case 'd':
		f->decompress = 1;
		break;
	case 'f':
		f->force = 1;
		break;
	case 'T':
		d->threads = (size_t)option_number('T', optarg, 1, ORDERED_WORKERS, " of threads");
		break;
	case 'v':
		f->verbose = 1;
		break;
	default:
		d->level = d->level_max = letter - '0';
	}
}

/* The modification time of the file that was named, when MTIME can hold it; else none. */
static uint32_t
mtime_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_mtime < 0 ||
	    (uint64_t)st.st_mtime > UINT32_MAX)
		return 0;
	return (uint32_t)st.st_mtime;
}

static void
clear_progress(const struct deflate *d)
{
	if (d->progress != NULL)
		fputs("\r\033[K", stderr);
}

static int
deflate_input(struct deflate *d, int fd, const char *path)
{
	enum deflate_status st = deflate_run(d, fd, STDOUT_FILENO);

	clear_progress(d);
	switch (st) {
	case DEFLATE_OK:
		return 0;
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
	struct inflate_file i = { .path = path, .threads = d->threads, .progress = d->progress,
		.arg = d->arg };
	int status = inflate_file(&i, fd, STDOUT_FILENO);

	d->in = i.in;
	d->out = i.out;
	clear_progress(d);
	if (*i.words != '\0')
		warnx("%s", i.words);
	return status;
}

int
deflating_run(struct deflating *f, const char *operand)
{
	const char *path = operand != NULL && strcmp(operand, "-") != 0 ? operand : "<stdin>";
	struct deflate *d = &f->d;
	struct progress p;
	int fd, status;

	if ((fd = io_open(operand)) < 0)
		err(2, "%s", path);
	if (f->decompress && isatty(fd))
		errx(2, "%s: is a terminal: compressed bytes are not read from there", path);
	if (!f->decompress && isatty(STDOUT_FILENO) && !f->force)
		errx(2, "<stdout>: is a terminal: -f writes compressed bytes there");
	if (!f->dated && fd != STDIN_FILENO)
		d->mtime = mtime_of(fd);
	option_confine(f->decompress ? INFLATE_CALLS : DEFLATE_CALLS);
	progress_start(&p, STDERR_FILENO);
	if (f->verbose && isatty(STDERR_FILENO)) {
		d->progress = progress_show;
		d->arg = &p;
	}
	status = f->decompress ? inflate_input(d, fd, path) : deflate_input(d, fd, path);
	if (io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: close");
	if (f->verbose)
		warnx("%s: %s", path, progress_line(&p, d->in, d->out));
	return status;
}
