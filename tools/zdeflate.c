/* zdeflate - compress to one zlib stream */
#include <stdio.h>
#include <unistd.h>

#include "base/io.h"
#include "deflating.h"
#include "engine/engine.h"
#include "options.h"

static int
usage(FILE *to, int status)
{
	fputs("usage: zdeflate [-0123456789cdfhVv] [-A MIN-MAX] [-b SIZE] [-T N] [FILE]\n", to);
	return fflush(to) == 0 ? status : 2;
}

static const struct option_about about = { .built = engine_names, .calls = DEFLATE_CALLS };

int
main(int argc, char **argv)
{
	struct deflating f;
	int c;

	if (io_std() < 0)
		err(2, "/dev/null");
	deflating_init(&f, DEFLATE_ZLIB);
	/* The format has no place for a time. */
	f.dated = 1;
	while ((c = getopt(argc, argv, "0123456789A:b:cdfhT:Vv")) != -1) {
		switch (c) {
		case 'h':
			return usage(stdout, 0);
		case 'V':
			return option_version("zdeflate", &about);
		case '?':
			return usage(stderr, 2);
		default:
			deflating_option(&f, c);
		}
	}
	if (argc - optind > 1)
		return usage(stderr, 2);
	return deflating_run(&f, argv[optind]);
}
