#include "number.h"

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

const char *
number_short(uint64_t n, char out[16])
{
	static const char units[] = " KMGTPE";
	size_t unit = 0;
	uint64_t tenths = n < UINT64_MAX / 10 ? n * 10 : UINT64_MAX;

	for (; tenths >= 10000; unit++)
		tenths = (tenths + 512) / 1024;
	if (unit > 0 && tenths < 100)
		snprintf(out, 16, "%" PRIu64 ".%" PRIu64 "%c", tenths / 10, tenths % 10, units[unit]);
	else if (unit > 0)
		snprintf(out, 16, "%" PRIu64 "%c", tenths / 10, units[unit]);
	else
		snprintf(out, 16, "%" PRIu64, n);
	return out;
}
