/* Checks what base/ and system/ offer to the other rooms: prints what is wrong, and exits 1 then. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/search.h"

static int failed;

#define CHECK(what) do { \
		if (!(what)) { \
			printf("line %d: %s\n", __LINE__, #what); \
			failed = 1; \
		} \
	} while (0)

struct place {
	char letter;
	uint64_t at;
};

static void
check_array(void)
{
	size_t room = 0, count = 0, most = 100;
	struct place *p = NULL;

	while (ARRAY_GROW(p, room, count, most) == 0) {
		p[count] = (struct place){ .at = count };
		count++;
	}
	CHECK(errno == ENOMEM && count == most && room == most);
	for (size_t i = 0; i < count; i++)
		CHECK(p[i].at == i);
	free(p);
	p = NULL;
	room = 0;
	CHECK(ARRAY_GROW(p, room, 0, 0) < 0 && p == NULL && room == 0);
	/* More than memory can have. */
	room = count = SIZE_MAX / 2;
	errno = 0;
	CHECK(array_grow(&p, &room, count, sizeof(*p), SIZE_MAX) < 0 && errno == ENOMEM && p == NULL);
}

static void
check_search(void)
{
	static const struct place p[] = { { 'a', 10 }, { 'b', 20 }, { 'c', 20 }, { 'd', 30 }, { 'e', UINT64_MAX } };
	static const struct {
		uint64_t key;
		size_t from, after;
	} want[] = { { 0, 0, 0 }, { 10, 0, 1 }, { 11, 1, 1 }, { 20, 1, 3 }, { 29, 3, 3 }, { 30, 3, 4 },
		{ UINT64_MAX - 1, 4, 4 }, { UINT64_MAX, 4, 5 } };

	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		CHECK(SEARCH_FROM(struct place, at, p, 5, want[i].key) == want[i].from);
		CHECK(SEARCH_AFTER(struct place, at, p, 5, want[i].key) == want[i].after);
	}
	CHECK(SEARCH_FROM(struct place, at, NULL, 0, 1) == 0);
	CHECK(SEARCH_AFTER(struct place, at, NULL, 0, UINT64_MAX) == 0);
}

int
main(void)
{
	check_array();
	check_search();
	return failed;
}
