/* core-name - turn a template and KEY=VALUE lines into a safe file name */
#define _GNU_SOURCE
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/number.h"
#include "record/record.h"

/* NAME_MAX is 255 on Linux; what is left is room for "-NNN", a suffix and ".partial". */
#define NAME_BYTES 192
/* The most input, bytes: many times what core-info prints. */
#define INPUT_BYTES (1024 * 1024)

struct name {
	char text[NAME_BYTES + 1];
	size_t len;
};

static int
usage(FILE *to, int status)
{
	fputs("usage: core-name [-hV] TEMPLATE\n", to);
	return fflush(to) == 0 ? status : 2;
}

/* The start of a text from the template as a message may show it. */
static const char *
shown(const char *text, size_t len)
{
	static char buf[RECORD_ESCAPED(64)];

	record_escape(buf, text, len < 64 ? len : 64);
	return buf;
}

/* Appends what may stand in a name of a value's bytes, the first max characters of it. */
static void
put(struct name *n, const char *bytes, size_t len, uint64_t max)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "!+,-.=@_";

	for (size_t i = 0; i < len && max > 0; i++) {
		unsigned char c = (unsigned char)bytes[i];

		/* The later bytes of a UTF-8 character: its first has become the one '_'. */
		if (c >= 0x80 && c <= 0xbf)
			continue;
		max--;
		if (n->len == NAME_BYTES)
			return;
		n->text[n->len++] = c != '\0' && strchr(safe, c) != NULL ? (char)c : '_';
	}
}

/* The value of a key in the lines, unescaped, which the caller frees; NULL when there is none. */
static char *
value_of(const char *lines, const char *key, size_t key_len, size_t *len)
{
	for (const char *p = lines; *p != '\0'; p += *p == '\n') {
		size_t n = strcspn(p, "\n");

		if (n > key_len && p[key_len] == '=' && memcmp(p, key, key_len) == 0) {
			char *value = strndup(p + key_len + 1, n - key_len - 1);

			if (value == NULL)
				err(2, "memory");
			*len = record_unescape(value);
			return value;
		}
		p += n;
	}
	return NULL;
}

/* Reads "2026-11-24T10:20:30Z", in UTC; 0, or -1 when it is something else. */
static int
parse_time(const char *text, struct tm *tm)
{
	int n = 0;

	memset(tm, 0, sizeof(*tm));
	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &tm->tm_year, &tm->tm_mon, &tm->tm_mday,
		&tm->tm_hour, &tm->tm_min, &tm->tm_sec, &n) != 6 ||
	    n == 0 || text[n] != '\0')
		return -1;
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	/* timegm also fills in the days of the week and of the year. */
	return timegm(tm) == (time_t)-1 ? -1 : 0;
}

static void
put_time(struct name *n, const char *value, const char *format)
{
	char text[NAME_BYTES + 1];
	struct tm tm;

	if (parse_time(value, &tm) == 0)
		put(n, text, strftime(text, sizeof(text), format, &tm), SIZE_MAX);
}

/* Appends what stands for a key: all, its first characters, or a time in a format. */
static void
put_key(struct name *n, const char *lines, const char *key, size_t key_len, const char *how)
{
	uint64_t max = SIZE_MAX;
	int dated = how != NULL && number_parse(how, 0, SIZE_MAX, &max) < 0;
	size_t len;
	char *value;

	if (dated && (key_len != 4 || memcmp(key, "time", 4) != 0))
		errx(2, "%%{%.*s:}: %s: not a number of characters", (int)key_len, key,
		    shown(how, strlen(how)));
	if ((value = value_of(lines, key, key_len, &len)) == NULL)
		return;
	if (dated)
		put_time(n, value, how);
	else
		put(n, value, len, max);
	free(value);
}

/* "%{key}" or "%{key:how}" at p, behind the brace; returns what follows it. */
static const char *
put_braced(struct name *n, const char *lines, const char *p)
{
	size_t len = strcspn(p, "}"), key_len = strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789_");
	char *how = NULL;

	if (p[len] != '}')
		errx(2, "%%{%s: no } ends it", shown(p, len));
	if (key_len == 0 || (key_len < len && p[key_len] != ':'))
		errx(2, "%%{%s}: not a key", shown(p, len));
	if (key_len < len && (how = strndup(p + key_len + 1, len - key_len - 1)) == NULL)
		err(2, "memory");
	put_key(n, lines, p, key_len, how);
	free(how);
	return p + len + 1;
}

/* The path of the executable: its last part, or all of it with '!' for '/'. */
static void
put_exe(struct name *n, const char *lines, int whole)
{
	size_t len;
	char *exe = value_of(lines, "exe", 3, &len), *slash;

	if (exe == NULL) {
		put_key(n, lines, "comm", 4, NULL);
		return;
	}
	slash = memrchr(exe, '/', len);
	if (whole) {
		for (size_t i = 0; i < len; i++)
			if (exe[i] == '/')
				exe[i] = '!';
		put(n, exe, len, SIZE_MAX);
	} else if (slash != NULL) {
		put(n, slash + 1, len - (size_t)(slash + 1 - exe), SIZE_MAX);
	} else {
		put(n, exe, len, SIZE_MAX);
	}
	free(exe);
}

/* The specifiers of core(5) at p, behind the percent sign; returns what follows. */
static const char *
put_specifier(struct name *n, const char *lines, const char *p)
{
	static const struct {
		char letter;
		const char *key, *otherwise;
	} plain[] = {
		{ 'c', "limit", NULL }, { 'C', "cpu", NULL }, { 'd', "dumpable", NULL },
		{ 'e', "comm", NULL }, { 'g', "gid", NULL }, { 'h', "host", NULL },
		{ 'i', "nstid", "tid" }, { 'I', "tid", NULL }, { 'p', "nspid", "pid" },
		{ 'P', "pid", NULL }, { 's', "signal", NULL }, { 'u', "uid", NULL },
	};

	switch (*p) {
	case '%':
		put(n, "%", 1, 1);
		return p + 1;
	case '{':
		return put_braced(n, lines, p + 1);
	case 'E':
	case 'f':
		put_exe(n, lines, *p == 'E');
		return p + 1;
	case 't':
		put_key(n, lines, "time", 4, "%s");
		return p + 1;
	case '\0':
		errx(2, "a lone %% at the end of the template");
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		size_t before = n->len;

		if (*p != plain[i].letter)
			continue;
		put_key(n, lines, plain[i].key, strlen(plain[i].key), NULL);
		if (n->len == before && plain[i].otherwise != NULL)
			put_key(n, lines, plain[i].otherwise, strlen(plain[i].otherwise), NULL);
		return p + 1;
	}
	errx(2, "%%%s: neither a specifier that names a fact nor %%{key}", shown(p, 1));
}

static char *
read_lines(void)
{
	char *lines = malloc(INPUT_BYTES + 2);
	ssize_t n;

	if (lines == NULL)
		err(2, "memory");
	if ((n = io_read(STDIN_FILENO, lines, INPUT_BYTES + 1)) < 0)
		err(2, "<stdin>");
	if (n > INPUT_BYTES)
		errx(2, "<stdin>: over %d bytes", INPUT_BYTES);
	lines[n] = '\0';
	/* What is text ends at no NUL: the lines behind one count as well. */
	for (char *p = lines; (p = memchr(p, '\0', (size_t)(lines + n - p))) != NULL;)
		*p = '_';
	return lines;
}

int
main(int argc, char **argv)
{
	struct name n = { .len = 0 };
	char *lines;
	int c;

	if (io_std() < 0)
		return 2;
	while ((c = getopt(argc, argv, "hV")) != -1) {
		switch (c) {
		case 'h':
			return usage(stdout, 0);
		case 'V':
			puts("core-name " VERSION);
			return fflush(stdout) == 0 ? 0 : 2;
		default:
			return usage(stderr, 2);
		}
	}
	if (argc - optind != 1)
		return usage(stderr, 2);

	/* strftime takes local time for what %s counts in. */
	if (setenv("TZ", "UTC0", 1) < 0)
		err(2, "memory");
	lines = read_lines();
	for (const char *p = argv[optind]; *p != '\0';) {
		size_t len = strcspn(p, "%");

		put(&n, p, len, SIZE_MAX);
		p += len;
		if (*p == '%')
			p = put_specifier(&n, lines, p + 1);
	}
	free(lines);
	if (n.len == 0)
		put(&n, "core", 4, 4);
	/* No hidden name, no "." or "..", nothing that a command takes for an option. */
	if (n.text[0] == '.' || n.text[0] == '-')
		n.text[0] = '_';
	n.text[n.len] = '\0';
	if (puts(n.text) == EOF || fflush(stdout) != 0 || io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: write");
	return 0;
}
