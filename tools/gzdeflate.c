/* gzdeflate - compress to gzip, as members that say their size */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "deflating.h"
#include "engine/engine.h"
#include "options.h"

static int
usage(FILE *to, int status)
{
	fputs("usage: gzdeflate [-0123456789cdfhsVv] [-A MIN-MAX] [-b SIZE] [-C TEXT | -E NAME]\n"
	      "                 [-m SECONDS] [-N NAME] [-T N] [FILE]\n", to);
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
	deflating_init(&f, DEFLATE_MEMBERS);
	while ((c = getopt(argc, argv, "0123456789A:b:C:cdE:fhm:N:sT:Vv")) != -1) {
		switch (c) {
		case 'C':
			f.d.comment = optarg;
			break;
		case 'E':
			if ((f.d.comment = getenv(optarg)) == NULL)
				errx(2, "-E %s: not in the environment", optarg);
			break;
		case 'h':
			return usage(stdout, 0);
		case 'm':
			f.d.mtime = (uint32_t)option_number(c, optarg, 0, UINT32_MAX,
			    " of seconds");
			f.dated = 1;
			break;
		case 'N':
			if (*optarg == '\0' || strchr(optarg, '/') != NULL)
				errx(2, "-N %s: not the name of a file without its directory",
				    optarg);
			f.d.name = optarg;
			break;
		case 's':
			f.d.format = DEFLATE_SINGLE;
			break;
		case 'V':
			return option_version("gzdeflate", &about);
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
