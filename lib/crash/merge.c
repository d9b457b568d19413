#include "crash/merge.h"

#include <string.h>

#include "record/keys.h"
#include "record/text.h"

/* Whether a key of the table is a fact of the process or its core: one line, and in a record. */
static int
is_fact(const struct key *k)
{
	return (k->from & (KEY_LIVE | KEY_CORE | KEY_HANDLER)) != 0 && !k->repeats;
}

void
merge_facts(FILE *to, const char *live, const char *core, int with_private)
{
	/* Facts stand before the stack. */
	for (size_t i = 0; i < keys_count && keys_all[i].from != KEY_STACK; i++) {
		const char *name = keys_all[i].name, *value;
		size_t len = 0;

		if (!is_fact(&keys_all[i]) || (keys_all[i].private != KEY_OPEN && !with_private))
			continue;
		value = text_value(live, name, &len);
		/* The stages have read the core: they say nothing of the process beside it. */
		if ((value == NULL || len == 0) && (keys_all[i].from & (KEY_CORE | KEY_HANDLER)))
			value = text_value(core, name, &len);
		if ((value != NULL && len > 0) || strcmp(name, "uuid") == 0)
			text_print(to, "%s=%.*s\n", name, (int)len, value != NULL ? value : "");
	}
}

void
merge_open(FILE *to, const char *text)
{
	struct text_line l;

	while (text_next(&l, &text)) {
		const struct key *k = keys_find(l.start, l.key_len);

		if (k == NULL || k->private == KEY_OPEN)
			text_put(to, &l);
	}
}
