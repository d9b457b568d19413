#include "record/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int
text_next(struct text_line *l, const char **text)
{
	const char *p = *text;
	size_t n;

	if (*p == '\0')
		return 0;
	*l = (struct text_line){ .start = p, .len = strcspn(p, "\n") };
	*text = p + l->len + (p[l->len] == '\n');
	n = strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789_");
	if (n > 0 && p[n] == '=') {
		l->key_len = n;
		l->value = p + n + 1;
		l->value_len = l->len - n - 1;
	}
	return 1;
}

int
text_is(const struct text_line *l, const char *key)
{
	return l->key_len > 0 && strlen(key) == l->key_len &&
	    memcmp(l->start, key, l->key_len) == 0;
}

int
text_is_among(const struct text_line *l, const char *const *keys)
{
	for (; *keys != NULL; keys++)
		if (text_is(l, *keys))
			return 1;
	return 0;
}

int
text_is_plain(const struct text_line *l)
{
	for (size_t i = 0; i < l->len; i++)
		if (l->start[i] < ' ' || l->start[i] > '~')
			return 0;
	return l->key_len > 0;
}

int
text_same_key(const struct text_line *a, const struct text_line *b)
{
	return a->key_len > 0 && a->key_len == b->key_len &&
	    memcmp(a->start, b->start, a->key_len) == 0;
}

const char *
text_like(const char *text, const struct text_line *l)
{
	struct text_line other;

	while (text_next(&other, &text))
		if (text_same_key(&other, l))
			return other.start;
	return NULL;
}

/* Finds the first line with the key; whether there is one. */
static int
find(struct text_line *l, const char *text, const char *key)
{
	while (text_next(l, &text))
		if (text_is(l, key))
			return 1;
	return 0;
}

const char *
text_value(const char *text, const char *key, size_t *len)
{
	struct text_line l;

	if (!find(&l, text, key))
		return NULL;
	*len = l.value_len;
	return l.value;
}

const char *
text_find(const char *text, const char *key)
{
	struct text_line l;

	return find(&l, text, key) ? l.start : NULL;
}

void
text_put(FILE *to, const struct text_line *l)
{
	fwrite(l->start, 1, l->len, to);
	putc('\n', to);
}

void
text_print(FILE *to, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vfprintf(to, format, ap);
	va_end(ap);
}

int
text_append(void *to, const char *text, size_t len)
{
	return fwrite(text, 1, len, to) == len ? 0 : -1;
}

int
text_close(FILE *f, char **text)
{
	int failed = ferror(f);

	if (fclose(f) == 0 && !failed)
		return 0;
	free(*text);
	*text = NULL;
	errno = ENOMEM;
	return -1;
}
