/* Memory that holds nothing but zeros. */
#ifndef GZCORE_BASE_ZEROS_H
#define GZCORE_BASE_ZEROS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Whether p[n] is zeros, n at least 1; looks no further than the first other byte. */
static inline int
zeros_only(const uint8_t *p, size_t n)
{
	return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

#endif
