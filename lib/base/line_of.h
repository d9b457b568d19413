/* A line of a text file. */
#ifndef GZCORE_BASE_LINE_OF_H
#define GZCORE_BASE_LINE_OF_H

#include <stddef.h>
#include <time.h>

/*
 * The line of that number, from 1 on, of the regular file path, in out[len], terminated: what is
 * longer is cut.  *changed is when the file was changed.  Returns its length, or -1 with errno:
 * ENOENT when the file's first 16 MiB have no such line.
 */
int line_of(const char *path, unsigned number, char *out, size_t len, struct timespec *changed);

#endif
