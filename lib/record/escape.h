/* The escapes of record.h, character by character, for texts that are too long for a buffer. */
#ifndef GZCORE_RECORD_ESCAPE_H
#define GZCORE_RECORD_ESCAPE_H

#include <stddef.h>

/* The most bytes that a byte of a value becomes. */
#define ESCAPE_MOST 6

/*
 * Writes the first character of bytes[n], n > 0, to out as record_escape does, or as record_json
 * does; *len says how many bytes it became.  Returns how many of the bytes it stands for.
 */
size_t escape_line(char out[ESCAPE_MOST], size_t *len, const unsigned char *bytes, size_t n);
size_t escape_json(char out[ESCAPE_MOST], size_t *len, const unsigned char *bytes, size_t n);

#endif
