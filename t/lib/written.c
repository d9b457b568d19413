/* Checks what record/ writes, and its table of keys: prints what is wrong, and exits 1 then. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/keys.h"
#include "record/lines.h"
#include "record/record.h"
#include "record/writer.h"

static int failed;

#define CHECK(what) do { \
		if (!(what)) { \
			printf("line %d: %s\n", __LINE__, #what); \
			failed = 1; \
		} \
	} while (0)

/* What was put, up to most bytes; then putting fails. */
static char text[65536];
static size_t len, most = sizeof(text) - 1;

static int
put(void *arg, const char *more, size_t n)
{
	(void)arg;
	if (n > most - len) {
		errno = ENOSPC;
		return -1;
	}
	memcpy(text + len, more, n);
	len += n;
	text[len] = '\0';
	return 0;
}

static int
is(const char *wanted)
{
	if (strcmp(text, wanted) != 0)
		printf("is:     %s\nwanted: %s\n", text, wanted);
	return strcmp(text, wanted) == 0;
}

static void
all_kinds(struct writer *w)
{
	static const uint8_t id[] = { 0x00, 0xfe };

	writer_open(w, NULL, '{');
	writer_bytes(w, "a", "x\0\"\\\xff", 5);
	writer_number(w, "b", UINT64_MAX);
	writer_hex(w, "c", 4096);
	writer_digits(w, "d", id, sizeof(id));
	writer_flag(w, "e", 0);
	writer_flag(w, "f", 1);
	writer_close(w, '}');
}

static void
check_forms(void)
{
	struct writer w;

	len = 0;
	writer_start(&w, WRITER_LINES, put, NULL);
	all_kinds(&w);
	CHECK(writer_flush(&w) == 0 &&
	    is("a=x\\0000\"\\0134\\0377\nb=18446744073709551615\nc=0x1000\n"
	    "d=00fe\ne=no\nf=yes\n"));
	len = 0;
	writer_start(&w, WRITER_JSON, put, NULL);
	all_kinds(&w);
	CHECK(writer_flush(&w) == 0 && is("{\"a\": \"x\\u0000\\\"\\\\0134\\\\0377\", "
	    "\"b\": 18446744073709551615, \"c\": \"0x1000\", "
	    "\"d\": \"00fe\", \"e\": false, \"f\": true}"));
	len = 0;
	writer_start(&w, WRITER_MEMBERS, put, NULL);
	writer_open(&w, "none", '[');
	writer_close(&w, ']');
	writer_open(&w, "some", '[');
	writer_text(&w, NULL, "1");
	writer_open(&w, NULL, '{');
	writer_number(&w, "n", 2);
	writer_close(&w, '}');
	writer_open(&w, NULL, '{');
	writer_close(&w, '}');
	writer_close(&w, ']');
	writer_flag(&w, "last", 1);
	CHECK(writer_flush(&w) == 0 &&
	    is(", \"none\": [], \"some\": [\"1\", {\"n\": 2}, {}], \"last\": true"));
}

/* Characters of any length lie across the end of the writer's buffer. */
static void
check_long(void)
{
	static const char some[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xff\"\\\n";
	static char value[3000], wanted[RECORD_JSON(sizeof(value)) + 8];
	struct writer w;

	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = some[i % (sizeof(some) - 1)];
	for (size_t before = 0; before < 8; before++) {
		len = 0;
		writer_start(&w, WRITER_JSON, put, NULL);
		writer_print(&w, "%.*s", (int)before, "01234567");
		writer_bytes(&w, NULL, value, sizeof(value));
		sprintf(wanted, "%.*s\"", (int)before, "01234567");
		record_json(wanted + strlen(wanted), value, sizeof(value));
		strcat(wanted, "\"");
		CHECK(writer_flush(&w) == 0 && strcmp(text, wanted) == 0);
	}
}

static void
check_failure(void)
{
	struct writer w;

	len = 0;
	most = 10;
	writer_start(&w, WRITER_LINES, put, NULL);
	writer_text(&w, "key", "value");
	CHECK(writer_flush(&w) == 0);
	writer_text(&w, "key", "value");
	errno = 0;
	CHECK(writer_flush(&w) < 0 && errno == ENOSPC);
	most = sizeof(text) - 1;
	writer_text(&w, "key", "value");
	errno = 0;
	CHECK(writer_flush(&w) < 0 && errno == ENOSPC && is("key=value\n"));
	writer_start(&w, WRITER_LINES, put, NULL);
	writer_fail(&w, ENOMEM);
	writer_fail(&w, EIO);
	CHECK(writer_flush(&w) < 0 && errno == ENOMEM);
}

static void
check_record(void)
{
	struct record r = { 0 };
	char *made;

	record_text(&r, "comm", "yes");
	record_number(&r, "pid", 0);
	record_flag(&r, "complete", 0);
	made = record_format(&r, 1);
	CHECK(made != NULL &&
	    strcmp(made, "{\"comm\": \"yes\", \"pid\": 0, \"complete\": false}\n") == 0);
	free(made);
	made = record_format(&r, 0);
	CHECK(made != NULL && strcmp(made, "comm=yes\npid=0\ncomplete=no\n") == 0);
	free(made);
	r.failed = 1;
	CHECK(record_format(&r, 0) == NULL);
	record_free(&r);
}

static void
check_keys(void)
{
	static const char lines[] = "uuid=\npid=7\ntid=07\nframe=a\nexe=\\0101\n"
	    "complete=yes\nio_uring=1\n"
	    "name=x\nsent=2026\nother=1\nframe=b\npid=8\n";
	static const char *const without[] = { "exe", NULL };

	for (size_t i = 0; i < keys_count; i++) {
		const struct key *k = &keys_all[i];

		CHECK(keys_find(k->name, strlen(k->name)) == k);
		CHECK(k->from != 0 && k->words != NULL && k->words[0] != '\0');
		CHECK(k->words[strlen(k->words) - 1] != '.' && strpbrk(k->words, "\"\\\n") == NULL);
	}
	CHECK(keys_find("pi", 2) == NULL && keys_find("pidd", 4) == NULL &&
	    keys_find("pid\0\0", 5) == NULL);
	CHECK(keys_find("", 0) == NULL && keys_find("pidfd", 3) != NULL);
	len = 0;
	CHECK(record_lines_json(lines, sizeof(lines) - 1, without, put, NULL) == 0);
	CHECK(is(", \"uuid\": \"\", \"pid\": 8, \"frame\": [\"a\", \"b\"], "
	    "\"complete\": true, \"other\": \"1\""));
}

int
main(void)
{
	check_forms();
	check_long();
	check_failure();
	check_record();
	check_keys();
	return failed;
}
