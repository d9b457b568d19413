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
#include <sys/stat.h>
#include <unistd.h>

#include "base/number.h"
#include "confine/confine.h"
#include "store/disk_part.h"
#include "system/owner.h"

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

/* Ends the program unless what a library opens by its name is a regular file, or a folder. */
static inline void
option_file(const char *path, int folder)
{
	struct stat st;

	if (stat(path, &st) < 0)
		err(2, "%s", path);
	if (folder ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
		errx(2, "%s: not a %s", path, folder ? "directory" : "regular file");
}

/* A size as for option_size, or a part of the file system; no number of it is under least. */
static inline struct disk_part
option_part(int letter, const char *text, uint64_t least)
{
	struct disk_part part;

	if (disk_part_parse(&part, text, least) < 0)
		errx(2, "-%c %s: not a size in bytes, such as 512, 64K or 8M, or a part of the file"
		    " system, such as 5%% or 1M,5%%,4G", letter, text);
	return part;
}

/* What -V tells of a program; each may be NULL. */
struct option_about {
	const char *built;	/* what it was built with */
	const char *calls;	/* the system calls that it confines itself to, as for confine_to */
};

/* Says when a program is not confined, by what confine_to or confine_without returned. */
static inline void
option_confined(int rc)
{
	if (rc > 0)
		warnx("not confined: GZCORE_CONFINE=no");
	else if (rc < 0)
		warn("not confined");
}

/* Confines the program, which has opened all that it needs. */
static inline void
option_confine(const char *calls)
{
	option_confined(confine_to(calls));
}

/* The words, in lines of at most 78 columns. */
static inline void
option_fold(const char *words)
{
	size_t n, column = 0;

	for (; *words != '\0'; words += n + (words[n] == ' ')) {
		n = strcspn(words, " ");
		column += n + 1;
		if (column > 77)
			column = n + 1;
		printf(column == n + 1 ? "\n  %.*s" : " %.*s", (int)n, words);
	}
	putchar('\n');
}

/*
 * For -V: prints the program's name and version, and unless it is NULL what about tells; the status.
 */
static inline int
option_version(const char *program, const struct option_about *about)
{
	printf("%s %s", program, VERSION);
	if (about != NULL && about->built != NULL)
		printf(" (%s)", about->built);
	putchar('\n');
	if (about != NULL && about->calls != NULL) {
		printf("confined by %s:", confine_words());
		option_fold(about->calls);
	}
	return fflush(stdout) == 0 ? 0 : 2;
}

/*
 * Takes the options of a program in which their order says nothing; letters is as for getopt(3).  given[letter] becomes
 * the option's argument, "" where it takes none; what is not given stays as it is.  -h, -V and what is no option end
 * the program: usage prints to a stream and returns the status, about is as for option_version.
 */
static inline void
options_take(int argc, char **argv, const char *letters, const char *given[128],
    int (*usage)(FILE *, int), const char *program, const struct option_about *about)
{
	int c;

	while ((c = getopt(argc, argv, letters)) != -1) {
		if (c == 'h')
			exit(usage(stdout, 0));
		if (c == 'V')
			exit(option_version(program, about));
		if (c == '?')
			exit(usage(stderr, 2));
		given[c] = strchr(letters, c)[1] == ':' ? optarg : "";
	}
}

/* An octal mode, or the program ends; text NULL: *mode stays. */
static inline void
option_mode(int letter, const char *text, mode_t *mode)
{
	if (text != NULL && owner_mode(text, mode) < 0)
		errx(2, "-%c %s: not an octal mode up to 777", letter, text);
}

/* As for owner_parse, or the program ends; text NULL: both stay. */
static inline void
option_owner(int letter, const char *text, uid_t *uid, gid_t *gid)
{
	if (text != NULL && owner_parse(text, uid, gid) < 0)
		errx(2, "-%c %s: no such user or group", letter, text);
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
