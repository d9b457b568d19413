/* What the options of several programs have in common.  On a wrong value these end the program. */
#ifndef GZCORE_TOOLS_OPTIONS_H
#define GZCORE_TOOLS_OPTIONS_H

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"

/* The value of the option -letter, a number from least to most; unit is "" or of what, such as " of seconds". */
static inline uint64_t
option_number(int letter, const char *text, uint64_t least, uint64_t most, const char *unit)
{
	uint64_t n;

	if (number_parse(text, least, most, &n) < 0)
		errx(2, "-%c %s: not a number%s from %" PRIu64 " to %" PRIu64, letter, text, unit,
		    least, most);
	return n;
}

/* The same for what a number stands for, where its range says nothing to a user: thing is such as "process ID". */
static inline uint64_t
option_id(int letter, const char *text, uint64_t least, uint64_t most, const char *thing)
{
	uint64_t n;

	if (number_parse(text, least, most, &n) < 0)
		errx(2, "-%c %s: not a %s", letter, text, thing);
	return n;
}

/* A size in bytes, least or more. */
static inline uint64_t
option_size(int letter, const char *text, uint64_t least)
{
	uint64_t n;

	if (number_size(text, least, INT64_MAX, &n) < 0)
		errx(2, "-%c %s: not a size in bytes, such as 512, 64K or 8M", letter, text);
	return n;
}

/*
 * For -V: prints the program's name and version, and in brackets what it was built with unless that
 * is NULL; the status.
 */
static inline int
option_version(const char *program, const char *with)
{
	if (with != NULL)
		printf("%s %s (%s)\n", program, VERSION, with);
	else
		printf("%s %s\n", program, VERSION);
	return fflush(stdout) == 0 ? 0 : 2;
}

/*
 * Takes the options of a program in which their order says nothing; letters is as for getopt(3).  given[letter] becomes
 * the option's argument, "" where it takes none; what is not given stays as it is.  -h, -V and what is no option end
 * the program: usage prints to a stream and returns the status, with is as for option_version.
 */
static inline void
options_take(int argc, char **argv, const char *letters, const char *given[128],
    int (*usage)(FILE *, int), const char *program, const char *with)
{
	int c;

	while ((c = getopt(argc, argv, letters)) != -1) {
		if (c == 'h')
			exit(usage(stdout, 0));
		if (c == 'V')
			exit(option_version(program, with));
		if (c == '?')
			exit(usage(stderr, 2));
		given[c] = strchr(letters, c)[1] == ':' ? optarg : "";
	}
}

/* A message of the library's on standard error, as by vwarnx(3); by vwarn(3) with an error that is not 0. */
static inline void
say_message(int error, const char *format, va_list args)
{
	errno = error;
	if (error != 0)
		vwarn(format, args);
	else
		vwarnx(format, args);
}

#endif
