/*
 * fill-keys - copy a template, with lists made of the table of keys in place of their lines
 *
 * A part of the build, run where that runs.  A line with nothing but the name of a list between two
 * @ is that list.
 */
#include <stdio.h>
#include <string.h>

#include "record/keys.h"

#define LINE 4096

static void
json_member(const struct key *k, const char *bounds, int last)
{
	static const char *const types[] = { [KEY_TEXT] = "string", [KEY_NUMBER] = "integer",
		[KEY_FLAG] = "boolean", [KEY_OBJECTS] = "array" };

	printf("\t\t\"%s\": {\"description\": \"%s\", ", k->name, k->words);
	if (k->repeats)
		printf("\"type\": \"array\", \"items\": {\"type\": \"%s\"}", types[k->type]);
	else
		printf("\"type\": \"%s\"", types[k->type]);
	if (k->type == KEY_NUMBER)
		printf(", \"minimum\": 0");
	if (bounds != NULL)
		printf(", %s", bounds);
	printf("}%s\n", last ? "" : ",");
}

/* What core-info says of those keys that do not repeat; its lists have forms of their own. */
static void
core_info(void)
{
	for (const struct key *k = keys_all; k < keys_all + keys_count; k++)
		if ((k->from & (KEY_LIVE | KEY_CORE | KEY_ALONE)) != 0 && !k->repeats)
			json_member(k, k->bounds, 0);
}

/* A record as core-list -aj has it: what others have written into it has no bounds. */
static void
record(void)
{
	const struct key *last = NULL;

	for (const struct key *k = keys_all; k < keys_all + keys_count; k++)
		if (!k->local)
			last = k;
	for (const struct key *k = keys_all; k < keys_all + keys_count; k++)
		if (!k->local)
			json_member(k, k->from == KEY_LISTED ? k->bounds : NULL, k == last);
}

/* The items of a list in mdoc(7). */
static void
manual(void)
{
	static const char *const types[] = { [KEY_TEXT] = "text", [KEY_NUMBER] = "number",
		[KEY_FLAG] = "yes or no", [KEY_OBJECTS] = "objects" };
	static const struct {
		unsigned from;
		const char *words;
	} sources[] = {
		{ KEY_LIVE, "live" }, { KEY_CORE, "core" }, { KEY_STACK, "stack" },
		{ KEY_HANDLER, "handler" }, { KEY_FORWARD, "forward" },
		{ KEY_ALONE, "core-info alone" }, { KEY_LISTED, "core-list alone" },
	};

	for (const struct key *k = keys_all; k < keys_all + keys_count; k++) {
		const char *between = "; ", *private = k->private == KEY_SECRET ? "; secret" :
		    k->private == KEY_PRIVATE ? "; private" : "";

		printf(".It Cm %s\n%s.\n.Pq %s", k->name, k->words, types[k->type]);
		for (size_t s = 0; s < sizeof(sources) / sizeof(*sources); s++) {
			if ((k->from & sources[s].from) == 0)
				continue;
			printf("%s%s", between, sources[s].words);
			between = ", ";
		}
		printf("%s%s%s\n", k->repeats ? "; may have several lines" : "",
		    k->local ? "; local" : "", private);
	}
}

int
main(void)
{
	static const struct {
		const char *name;
		void (*put)(void);
	} lists[] = {
		{ "@core-info@\n", core_info },
		{ "@record@\n", record },
		{ "@manual@\n", manual },
	};
	char line[LINE];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		size_t i = 0;

		while (i < sizeof(lists) / sizeof(*lists) && strcmp(line, lists[i].name) != 0)
			i++;
		if (i < sizeof(lists) / sizeof(*lists))
			lists[i].put();
		else
			fputs(line, stdout);
	}
	return ferror(stdin) || fflush(stdout) != 0 ? 1 : 0;
}
