/* The name that a template (core(5), gzcoredump.conf(5)) gives to a crash. */
#ifndef GZCORE_CRASH_NAME_H
#define GZCORE_CRASH_NAME_H

#include <stddef.h>

/* NAME_MAX is 255 on Linux; the rest is room for "-NNN", a suffix and ".partial". */
#define NAME_BYTES 192

struct name {
	char text[NAME_BYTES + 1];
	size_t len;
	char why[600];		/* what is wrong with the template */
};

/*
 * Fills in the template from lines KEY=VALUE of a record.  The name has the bytes a-zA-Z0-9!+,-.=@_
 * alone, does not start with '.' or '-', and is not empty.  Returns 0, or -1 with why.  TZ must be
 * UTC0: strftime(3) counts %s in local time.
 */
int name_make(struct name *n, const char *template, const char *lines);

#endif
