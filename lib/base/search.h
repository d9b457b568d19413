/* Binary search in arrays that are ordered by a number. */
#ifndef GZCORE_BASE_SEARCH_H
#define GZCORE_BASE_SEARCH_H

#include <stddef.h>
#include <stdint.h>

/*
 * In an array of count elements of size bytes, each with a uint64_t at offset by which they are in rising order: the
 * index of the first element whose number is key or more, of the first whose number is more than key; count when there
 * is none.  The element before the latter is the last that starts at or before an address.
 */
size_t search_from(const void *array, size_t count, size_t size, size_t offset, uint64_t key);
size_t search_after(const void *array, size_t count, size_t size, size_t offset, uint64_t key);

/* The same for elements of a type with the number in a member. */
#define SEARCH_FROM(type, member, array, count, key) \
	search_from((array), (count), sizeof(type), offsetof(type, member), (key))
#define SEARCH_AFTER(type, member, array, count, key) \
	search_after((array), (count), sizeof(type), offsetof(type, member), (key))

#endif
