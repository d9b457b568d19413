/* An array that grows as elements are added to it. */
#ifndef GZCORE_BASE_ARRAY_H
#define GZCORE_BASE_ARRAY_H

#include <stddef.h>

/*
 * Makes room for one more element.  pointer is the address of the caller's pointer to the array, which has count
 * elements of size bytes and space for *room (at first NULL, 0 and 0).  The space doubles, up to most elements; the new
 * part is not cleared, and elements may move.  Returns 0; -1 with errno ENOMEM when there are most elements already or
 * no memory: the array is then as it was.  The caller frees it with free(3).
 */
int array_grow(void *pointer, size_t *room, size_t count, size_t size, size_t most);

/* The same for a pointer and a size_t of its room, by their names; the element's size is that of the pointer. */
#define ARRAY_GROW(array, room, count, most) \
	array_grow(&(array), &(room), (count), sizeof(*(array)), (most))

#endif
