/* Numbers as options and operands have them. */
#ifndef GZCORE_BASE_NUMBER_H
#define GZCORE_BASE_NUMBER_H

#include <stdint.h>

/*
 * Reads decimal digits and no more: "12".  Returns 0 and the value when min <= value <= max, else
 * -1.
 */
int number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* As number_parse, in bytes; one of K M G T may follow: times 1024, 1024^2, …. */
int number_size(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* "START:LENGTH": an address, decimal or 0x and hexadecimal, and a size as above or such a number, not 0; 0 or -1. */
int number_span(const char *text, uint64_t *start, uint64_t *len);

/* A size in four characters or less, "999", "12K", "1.5M", in out, which is returned. */
const char *number_short(uint64_t n, char out[16]);

#endif
