#include "base/array.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Elements that the first piece of memory holds. */
#define FIRST 16

int
array_grow(void *pointer, size_t *room, size_t count, size_t size, size_t most)
{
	size_t more = *room == 0 ? FIRST : *room <= most / 2 ? 2 * *room : most;
	void *array, *grown;

	if (count < *room)
		return 0;
	if (more > most)
		more = most;
	if (count >= more || more > SIZE_MAX / size) {
		errno = ENOMEM;
		return -1;
	}
	/* The caller's pointer has another type, so its bytes are copied. */
	memcpy(&array, pointer, sizeof(array));
	if ((grown = realloc(array, more * size)) == NULL)
		return -1;
	memcpy(pointer, &grown, sizeof(grown));
	*room = more;
	return 0;
}
