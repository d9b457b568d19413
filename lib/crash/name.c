#define _GNU_SOURCE
#include "crash/name.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/number.h"
#include "record/record.h"
#include "record/text.h"

/* The most of a template that a message shows, bytes. */
#define SHOWN 64

/* Says in n->why that this part of the template is wrong, and why; -1. */
static int
refuse(struct name *n, const char *before, const char *part, size_t len, const char *why)
{
	char shown[RECORD_ESCAPED(SHOWN)];

	record_escape(shown, part, len < SHOWN ? len : SHOWN);
	snprintf(n->why, sizeof(n->why), "%s%s%s", before, shown, why);
	return -1;
}

static int
no_memory(struct name *n)
{
	strcpy(n->why, "memory");
	return -1;
}

/* Appends the first max characters of a value, each byte that is not safe in a name as '_'. */
static void
put(struct name *n, const char *bytes, size_t len, uint64_t max)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "!+,-.=@_";

	for (size_t i = 0; i < len && max > 0; i++) {
		unsigned char c = (unsigned char)bytes[i];

		/* A later byte of a UTF-8 character: the first byte has become one '_' for all. */
		if (c >= 0x80 && c <= 0xbf)
			continue;
		max--;
		if (n->len == NAME_BYTES)
			return;
		n->text[n->len++] = c != '\0' && strchr(safe, c) != NULL ? (char)c : '_';
	}
}

/* Finds the value of key[key_len], unescaped, which the caller frees; NULL: none.  -1: memory. */
static int
value_of(struct name *n, const char *lines, const char *key, size_t key_len, char **value,
    size_t *len)
{
	char word[64];
	const char *found;
	size_t found_len;

	*value = NULL;
	if (key_len >= sizeof(word))
		return 0;
	memcpy(word, key, key_len);
	word[key_len] = '\0';
	if ((found = text_value(lines, word, &found_len)) == NULL)
		return 0;
	if ((*value = strndup(found, found_len)) == NULL)
		return no_memory(n);
	*len = record_unescape(*value);
	return 0;
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
	size_t len;

	if (parse_time(value, &tm) == 0 && (len = strftime(text, sizeof(text), format, &tm)) > 0)
		put(n, text, len, SIZE_MAX);
}

/*
 * Appends the value of a key; how: all of it (NULL), a number of characters, or a format for a
 * time.
 */
static int
put_key(struct name *n, const char *lines, const char *key, size_t key_len, const char *how)
{
	uint64_t max = SIZE_MAX;
	int dated = how != NULL && number_parse(how, 0, SIZE_MAX, &max) < 0;
	char *value, before[NAME_BYTES];
	size_t len;

	if (dated && (key_len != 4 || memcmp(key, "time", 4) != 0)) {
		snprintf(before, sizeof(before), "%%{%.*s:}: ", (int)key_len, key);
		return refuse(n, before, how, strlen(how), ": not a number of characters");
	}
	if (value_of(n, lines, key, key_len, &value, &len) < 0)
		return -1;
	if (value != NULL && dated)
		put_time(n, value, how);
	else if (value != NULL)
		put(n, value, len, max);
	free(value);
	return 0;
}

/*
 * Appends what "%{key}" or "%{key:how}" stands for; *p is behind the brace, then behind all of it.
 */
static int
put_braced(struct name *n, const char *lines, const char **p)
{
	const char *key = *p;
	size_t key_len = strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_");
	size_t len = strcspn(key, "}");
	char *how = NULL;
	int rc;

	if (key[len] != '}')
		return refuse(n, "%{", key, len, ": no } ends it");
	if (key_len == 0 || (key_len < len && key[key_len] != ':'))
		return refuse(n, "%{", key, len, "}: not a key");
	if (key_len < len && (how = strndup(key + key_len + 1, len - key_len - 1)) == NULL)
		return no_memory(n);
	rc = put_key(n, lines, key, key_len, how);
	free(how);
	*p = key + len + 1;
	return rc;
}

/* Appends the path of the executable: its last part, or all of it with '!' for '/'. */
static int
put_exe(struct name *n, const char *lines, int whole)
{
	char *exe, *slash;
	size_t len;

	if (value_of(n, lines, "exe", 3, &exe, &len) < 0)
		return -1;
	if (exe == NULL)
		return put_key(n, lines, "comm", 4, NULL);
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
	return 0;
}

/* Appends the value that one of the letters of core(5) stands for. */
static int
put_letter(struct name *n, const char *lines, char letter)
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

	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		size_t before = n->len;

		if (letter != plain[i].letter)
			continue;
		if (put_key(n, lines, plain[i].key, strlen(plain[i].key), NULL) < 0)
			return -1;
		if (n->len > before || plain[i].otherwise == NULL)
			return 0;
		return put_key(n, lines, plain[i].otherwise, strlen(plain[i].otherwise), NULL);
	}
	return refuse(n, "%", &letter, 1, ": neither a specifier that names a fact nor %{key}");
}

/* Appends what a specifier stands for; *p is behind its percent sign, then behind all of it. */
static int
put_specifier(struct name *n, const char *lines, const char **p)
{
	char letter = **p;

	if (letter == '\0')
		return refuse(n, "a lone % at the end of the template", "", 0, "");
	++*p;
	switch (letter) {
	case '%':
		put(n, "%", 1, 1);
		return 0;
	case '{':
		return put_braced(n, lines, p);
	case 'E':
	case 'f':
		return put_exe(n, lines, letter == 'E');
	case 't':
		return put_key(n, lines, "time", 4, "%s");
	}
	return put_letter(n, lines, letter);
}

int
name_make(struct name *n, const char *template, const char *lines)
{
	n->len = 0;
	n->why[0] = '\0';
	for (const char *p = template; *p != '\0';) {
		size_t len = strcspn(p, "%");

		put(n, p, len, SIZE_MAX);
		p += len;
		if (*p++ != '%')
			break;
		if (put_specifier(n, lines, &p) < 0)
			return -1;
	}
	if (n->len == 0)
		put(n, "core", 4, 4);
	/* No hidden name, no "." or "..", nothing that a command takes for an option. */
	if (n->text[0] == '.' || n->text[0] == '-')
		n->text[0] = '_';
	n->text[n->len] = '\0';
	return 0;
}
