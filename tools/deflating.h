/* What gzdeflate and zdeflate share: options, and the way from the input to the output. */
#ifndef GZCORE_TOOLS_DEFLATING_H
#define GZCORE_TOOLS_DEFLATING_H

#include "gzip/deflate.h"

struct deflating {
	struct deflate d;
	int decompress;		/* -d: as zinflate does */
	int force;		/* -f: compressed bytes to a terminal too */
	int verbose;		/* -v */
	int dated;		/* no time is taken from the file */
};

/* What holds without options. */
void deflating_init(struct deflating *f, enum deflate_format format);

/* Takes an option that both programs have, with optarg; ends the program when its value is wrong. */
void deflating_option(struct deflating *f, int letter);

/* Does the work, from the file operand (NULL: standard input) to standard output; returns the status to end with. */
int deflating_run(struct deflating *f, const char *operand);

#endif
