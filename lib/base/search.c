#include "base/search.h"

#include <string.h>

size_t
search_from(const void *array, size_t count, size_t size, size_t offset, uint64_t key)
{
	size_t from = 0, to = count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		uint64_t number;

		memcpy(&number, (const char *)array + middle * size + offset, sizeof(number));
		if (number < key)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

size_t
search_after(const void *array, size_t count, size_t size, size_t offset, uint64_t key)
{
	return key < UINT64_MAX ? search_from(array, count, size, offset, key + 1) : count;
}
