#include "base/number.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Reads the digits that text starts with; NULL when there are none, or too many. */
static const char *
digits(const char *text, uint64_t *value)
{
	const char *p = text;

	for (*value = 0; *p >= '0' && *p <= '9'; p++) {
		unsigned digit = (unsigned)(*p - '0');

		if (*value > (UINT64_MAX - digit) / 10)
			return NULL;
		*value = *value * 10 + digit;
	}
	return p == text ? NULL : p;
}

int
number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	const char *end = digits(text, value);

	return end == NULL || *end != '\0' || *value < min || *value > max ? -1 : 0;
}

int
number_size(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	static const char units[] = "KMGT";
	const char *end = digits(text, value), *unit;

	if (end == NULL)
		return -1;
	if (*end != '\0') {
		if (end[1] != '\0' || (unit = strchr(units, *end)) == NULL)
			return -1;
		for (ptrdiff_t i = unit - units; i >= 0; i--) {
			if (*value > UINT64_MAX / 1024)
				return -1;
			*value *= 1024;
		}
	}
	return *value < min || *value > max ? -1 : 0;
}

/* As digits, also hexadecimal ones behind 0x. */
static const char *
any_digits(const char *text, uint64_t *value)
{
	static const char hex[] = "0123456789abcdef";
	const char *p = text + 2, *digit;

	if (strncmp(text, "0x", 2) != 0)
		return digits(text, value);
	for (*value = 0; *p != '\0' && (digit = strchr(hex, *p | (*p >= 'A' ? 0x20 : 0))) != NULL;
	    p++) {
		if (*value >> 60 != 0)
			return NULL;
		*value = *value << 4 | (uint64_t)(digit - hex);
	}
	return p == text + 2 ? NULL : p;
}

int
number_span(const char *text, uint64_t *start, uint64_t *len)
{
	const char *p = any_digits(text, start);

	if (p == NULL || *p++ != ':')
		return -1;
	if (number_size(p, 1, UINT64_MAX, len) == 0)
		return 0;
	return (p = any_digits(p, len)) != NULL && *p == '\0' && *len > 0 ? 0 : -1;
}

const char *
number_short(uint64_t n, char out[16])
{
	static const char units[] = " KMGTPE";
	size_t unit = 0;
	uint64_t tenths = n < UINT64_MAX / 10 ? n * 10 : UINT64_MAX;

	for (; tenths >= 10000; unit++)
		tenths = (tenths + 512) / 1024;
	if (unit > 0 && tenths < 100)
		snprintf(out, 16, "%" PRIu64 ".%" PRIu64 "%c", tenths / 10, tenths % 10,
		    units[unit]);
	else if (unit > 0)
		snprintf(out, 16, "%" PRIu64 "%c", tenths / 10, units[unit]);
	else
		snprintf(out, 16, "%" PRIu64, n);
	return out;
}
