#include "demangle/demangle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Slots of the table, a power of two; how far from its own a key may be; and the most bytes of all names. */
#define SLOTS (1u << 15)
#define REACH 16
#define MOST ((size_t)16 << 20)

struct demangle {
	struct slot {
		const void *key;
		char *text;
	} slot[SLOTS];
	size_t bytes;
	struct demangle_helper helper;
	/* One more than a name has, to see that it is longer. */
	char made[2 * DEMANGLE_LONGEST];
};

struct demangle *
demangle_open(void)
{
	struct demangle *d = calloc(1, sizeof(*d));

	if (d != NULL)
		d->helper.fd = -1;
	return d;
}

void
demangle_close(struct demangle *d)
{
	if (d == NULL)
		return;
	demangle_helper_end(&d->helper);
	for (size_t i = 0; i < SLOTS; i++)
		free(d->slot[i].text);
	free(d);
}

static size_t
slot_of(const void *key)
{
	uint64_t n = (uint64_t)(uintptr_t)key * UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)(n >> 40);
}

const char *
demangle_known(const struct demangle *d, const void *key)
{
	size_t first = slot_of(key);

	for (size_t i = 0; d != NULL && i < REACH; i++) {
		const struct slot *s = &d->slot[(first + i) % SLOTS];

		if (s->key == key)
			return s->text;
		if (s->key == NULL)
			break;
	}
	return NULL;
}

const char *
demangle_keep(struct demangle *d, const void *key, const char *text)
{
	size_t first = slot_of(key), len = strlen(text) + 1;

	for (size_t i = 0; d != NULL && i < REACH && len <= MOST - d->bytes; i++) {
		struct slot *s = &d->slot[(first + i) % SLOTS];

		if (s->key != NULL)
			continue;
		if ((s->text = strdup(text)) == NULL)
			return NULL;
		s->key = key;
		d->bytes += len;
		return s->text;
	}
	return NULL;
}

/* Makes the name of a symbol in d->made; 0 when there is none. */
static int
make(struct demangle *d, const char *symbol)
{
	if (demangle_rust(symbol, d->made, DEMANGLE_LONGEST) ||
	    demangle_rust_legacy(symbol, d->made, DEMANGLE_LONGEST))
		return 1;
	if (symbol[1] != 'Z' ||
	    demangle_helper_ask(&d->helper, symbol, d->made, sizeof(d->made)) < 0)
		return 0;
	demangle_shorten(d->made);
	return d->made[0] != '\0' && strlen(d->made) < DEMANGLE_LONGEST;
}

const char *
demangle_name(struct demangle *d, const char *symbol)
{
	const char *name;

	if (d == NULL || symbol[0] != '_' || (symbol[1] != 'Z' && symbol[1] != 'R') ||
	    strnlen(symbol, DEMANGLE_LONGEST) == DEMANGLE_LONGEST)
		return symbol;
	if ((name = demangle_known(d, symbol)) != NULL)
		return name;
	name = demangle_keep(d, symbol, make(d, symbol) ? d->made : symbol);
	return name != NULL ? name : symbol;
}
