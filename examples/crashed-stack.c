/* crashed-stack - the stack of each core's crashed thread, once for all of one fingerprint */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gzcore/fingerprint.h>
#include <gzcore/image.h>
#include <gzcore/record.h>
#include <gzcore/trace.h>

struct crash {
	const char *name;
	char word[FINGERPRINT_TEXT];
};

struct stack {
	struct trace_frame frame[TRACE_FRAMES];
	size_t frames;
	const char *end;
};

/*
 * Prints words, and then a string from a core or from a file that it names, escaped: it may contain
 * any bytes.
 */
static void
put(const char *words, const char *string)
{
	char text[RECORD_ESCAPED(RECORD_VALUE)];

	record_escape(text, string, strnlen(string, RECORD_VALUE));
	printf("%s%s", words, text);
}

static void
frame(void *arg, const struct trace_thread *t, const struct trace_frame *f)
{
	struct stack *s = arg;

	s->frame[t->frames] = *f;
}

static void
end(void *arg, const struct trace_thread *t)
{
	struct stack *s = arg;

	s->frames = t->frames;
	s->end = t->end;
}

static void
print_stack(const struct stack *s)
{
	for (size_t k = 0; k < s->frames; k++) {
		const struct trace_frame *f = &s->frame[k];

		printf("#%-3zu 0x%016" PRIx64, k, f->pc);
		put("  ", f->name != NULL ? f->name : "?");
		put("  ", f->file != NULL ? f->file : f->module != NULL ? f->module : "?");
		if (f->file != NULL)
			printf(":%d", f->line);
		putchar('\n');
	}
	if (s->end != NULL) {
		put("ends here: ", s->end);
		putchar('\n');
	}
}

/*
 * Prints one core's stack, or the core before it with the same.  Returns 0, 1 if the stack ends
 * early, 2 if there is none.
 */
static int
look(struct crash *c, const struct crash *before)
{
	static struct stack s;
	struct trace_visitor v = { .frame = frame, .end = end, .arg = &s, .threads = 1 };
	enum trace_status st;
	struct image *i;
	struct trace *t;

	if (image_open_file(&i, c->name) < 0) {
		warn("%s", c->name);
		return 2;
	}
	s.frames = 0;
	if ((st = trace_open(&t, i, NULL, NULL, 0)) != TRACE_OK)
		warnx("%s: %s", c->name, trace_words(st, t));
	else if (trace_walk(t, &v) < 0)
		warnx("%s: %s", c->name, trace_error());
	else if (s.frames == 0)
		warnx("%s: no stack", c->name);
	if (s.frames > 0) {
		fingerprint(s.frame, trace_unopened(t) != 0 ? 0 : s.frames, c->word);
		while (strcmp(before->word, c->word) != 0)
			before++;
		/* A stack without a fingerprint equals no other one. */
		if (c->word[0] == '\0')
			before = c;
		put("", c->name);
		put(": ", c->word);
		if (before == c) {
			putchar('\n');
			print_stack(&s);
		} else {
			put(", as ", before->name);
			putchar('\n');
		}
	}
	/* This frees the strings of the frames too. */
	trace_close(t);
	image_close(i);
	return s.frames == 0 ? 2 : s.end != NULL;
}

int
main(int argc, char **argv)
{
	struct crash *crash;
	int status = 0;

	if (argc < 2)
		errx(2, "usage: crashed-stack CORE ...");
	if ((crash = calloc((size_t)argc, sizeof(*crash))) == NULL)
		err(2, "memory");
	/* Otherwise libdwfl would ask the servers in this variable. */
	unsetenv("DEBUGINFOD_URLS");
	for (int k = 1; k < argc; k++) {
		int st;

		crash[k].name = argv[k];
		st = look(&crash[k], &crash[1]);
		if (st > status)
			status = st;
	}
	free(crash);
	if (fflush(stdout) != 0)
		err(2, "<stdout>: write");
	return status;
}
