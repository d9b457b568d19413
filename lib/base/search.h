/* Binary search in arrays that are ordered by a number. */
#ifndef GZCORE_BASE_SEARCH_H
#define GZCORE_BASE_SEARCH_H

#include <stddef.h>
#include <stdint.h>

/*
 * The array has count elements of size bytes, in rising order of the uint64_t at offset in each.
 * search_from returns the index of the first element whose number is at least key, search_after
 * that of the first whose number is greater; both return count if there is none.  The element
 * before search_after's is the last that starts at or before key.
 */
size_t search_from(const void *array, size_t count, size_t size, size_t offset, uint64_t key);
size_t search_after(const void *array, size_t count, size_t size, size_t offset, uint64_t key);

/* The same for elements of a type with the number in a member. */
#define SEARCH_FROM(type, member, array, count, key) \
	search_from((array), (count), sizeof(type), offsetof(type, member), (key))
#define SEARCH_AFTER(type, member, array, count, key) \
	search_after((array), (count), sizeof(type), offsetof(type, member), (key))

#endif
