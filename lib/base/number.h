/* Numbers in options and operands. */
#ifndef GZCORE_BASE_NUMBER_H
#define GZCORE_BASE_NUMBER_H

#include <stdint.h>

/*
 * Reads decimal digits only: "12".  Returns 0 and the value if min <= value <= max, otherwise -1.
 */
int number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* As number_parse, in bytes; K, M, G or T may follow, which multiply by 1024, 1024^2, …. */
int number_size(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/*
 * Reads "START:LENGTH": an address, decimal or hexadecimal after 0x, and a length in that form or
 * in that of number_size, not 0.  Returns 0 or -1.
 */
int number_span(const char *text, uint64_t *start, uint64_t *len);

/*
 * Writes a size in at most four characters, such as "999", "12K", "1.5M", into out, and returns
 * out.
 */
const char *number_short(uint64_t n, char out[16]);

#endif
