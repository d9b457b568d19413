/* crash-summary - a line for each core: what died of what, its identity, and whether it is whole */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <gzcore/core.h>
#include <gzcore/core_read.h>
#include <gzcore/facts.h>
#include <gzcore/image.h>
#include <gzcore/record.h>

/* Prints words, and then bytes of any kind, escaped. */
static void
put(const char *words, const char *bytes, size_t len)
{
	char text[RECORD_ESCAPED(RECORD_VALUE)];

	record_escape(text, bytes, len < RECORD_VALUE ? len : RECORD_VALUE);
	printf("%s%s", words, text);
}

/* Prints words and the value of a key, if the record has it; returns whether it has. */
static int
say(const char *words, const struct record *r, const char *key)
{
	const struct record_field *f = record_find(r, key);

	if (f == NULL || f->len == 0)
		return 0;
	put(words, f->value, f->len);
	return 1;
}

/* Describes a core that was read.  Returns 1 if a part of it is missing, otherwise 0. */
static int
describe(struct core *c, struct image *i, uint64_t size, const char *name)
{
	struct record r = { 0 };
	uint64_t at;
	enum inflate_status damage = image_end(i, &at);
	int whole;

	facts_core(&r, c, size);
	if (r.failed)
		errx(2, "%s: out of memory", name);
	put("", name, strlen(name));
	say(": ", &r, "comm");
	if (!say(": ", &r, "signame") && !say(": signal ", &r, "signal"))
		fputs(": no signal", stdout);
	say(" ", &r, "sigcode");
	say(" at ", &r, "sigaddr");
	say(" from process ", &r, "sigpid");
	say("; ", &r, "exe");
	if (!say("; uuid ", &r, "uuid") && !say("; build-id ", &r, "build_id"))
		fputs("; no identity", stdout);
	say("; modules: ", &r, "modules");
	record_free(&r);
	if (damage != INFLATE_OK)
		printf("; byte %" PRIu64 " of the file: %s", at, inflate_words(damage));
	if (size < c->promised)
		printf("; cut short by %" PRIu64 " of %" PRIu64 " bytes", c->promised - size,
		    c->promised);
	if (c->bad != NULL)
		printf("; %s", c->bad);
	whole = damage == INFLATE_OK && size >= c->promised && c->bad == NULL;
	puts(whole ? "; whole" : "");
	return !whole;
}

/* Returns the result of describe, or 2 if the file cannot be read or is no core. */
static int
summarize(const char *name)
{
	struct image *i;
	struct core c;
	uint64_t size;
	int status = 2;

	if (image_open_file(&i, name) < 0) {
		warn("%s", name);
		return 2;
	}
	core_open(&c);
	if (core_read_image(&c, i, &size) < 0)
		warn("%s", name);
	else if (!c.is_core)
		warnx("%s: %s", name, c.bad);
	else
		status = describe(&c, i, size, name);
	core_close(&c);
	image_close(i);
	return status;
}

int
main(int argc, char **argv)
{
	int status = 0;

	if (argc < 2)
		errx(2, "usage: crash-summary CORE ...");
	for (int k = 1; k < argc; k++) {
		int st = summarize(argv[k]);

		if (st > status)
			status = st;
	}
	if (fflush(stdout) != 0)
		err(2, "<stdout>: write");
	return status;
}
