#include "record/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
record_free(struct record *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->field[i].value);
	memset(r, 0, sizeof(*r));
}

static void
add(struct record *r, const char *key, const void *value, size_t len, int bare)
{
	struct record_field *f;

	if (len > RECORD_VALUE)
		len = RECORD_VALUE;
	if (r->count == RECORD_KEYS) {
		r->failed = 1;
		return;
	}
	f = &r->field[r->count];
	if ((f->value = malloc(len + 1)) == NULL) {
		r->failed = 1;
		return;
	}
	memcpy(f->value, value, len);
	f->value[len] = '\0';
	f->len = len;
	f->key = key;
	f->bare = bare;
	r->count++;
}

void
record_bytes(struct record *r, const char *key, const void *value, size_t len)
{
	add(r, key, value, len, 0);
}

void
record_text(struct record *r, const char *key, const char *value)
{
	add(r, key, value, strlen(value), 0);
}

void
record_number(struct record *r, const char *key, uint64_t value)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRIu64, value);

	add(r, key, text, (size_t)n, 1);
}

void
record_flag(struct record *r, const char *key, int value)
{
	add(r, key, value ? "yes" : "no", value ? 3 : 2, 1);
}

const struct record_field *
record_find(const struct record *r, const char *key)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->field[i].key, key) == 0)
			return &r->field[i];
	return NULL;
}

static char *
put_octal(char *out, unsigned char c)
{
	*out++ = '\\';
	*out++ = '0';
	*out++ = (char)('0' + (c >> 6));
	*out++ = (char)('0' + (c >> 3 & 7));
	*out++ = (char)('0' + (c & 7));
	return out;
}

size_t
record_escape(char *out, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	char *start = out;

	for (size_t i = 0; i < n; i++) {
		if (p[i] < 0x20 || p[i] > 0x7e || p[i] == '\\')
			out = put_octal(out, p[i]);
		else
			*out++ = (char)p[i];
	}
	*out = '\0';
	return (size_t)(out - start);
}

size_t
record_unescape(char *text)
{
	char *out = text;

	for (const char *p = text; *p != '\0';) {
		if (p[0] == '\\' && p[1] == '0' && p[2] >= '0' && p[2] <= '3' && p[3] >= '0' &&
		    p[3] <= '7' && p[4] >= '0' && p[4] <= '7') {
			*out++ = (char)((p[2] - '0') << 6 | (p[3] - '0') << 3 | (p[4] - '0'));
			p += 5;
		} else {
			*out++ = *p++;
		}
	}
	*out = '\0';
	return (size_t)(out - text);
}

/*
 * The length of the valid UTF-8 character at p[n] (RFC 3629 section 4: no overlong forms, no
 * surrogates), 0 when there is none; C1 control characters count as none.
 */
static size_t
utf8_len(const unsigned char *p, size_t n)
{
	static const struct {
		unsigned char lo, hi;	/* of the first byte */
		unsigned char lo2, hi2; /* of the second; the others are 80 to BF */
		unsigned char len;
	} form[] = {
		{ 0x00, 0x7f, 0, 0, 1 },
		{ 0xc2, 0xc2, 0xa0, 0xbf, 2 },
		{ 0xc3, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(form) / sizeof(*form); i++) {
		if (p[0] < form[i].lo || p[0] > form[i].hi)
			continue;
		if (form[i].len > n)
			return 0;
		for (size_t k = 1; k < form[i].len; k++) {
			unsigned char lo = k == 1 ? form[i].lo2 : 0x80, hi = k == 1 ? form[i].hi2 : 0xbf;

			if (p[k] < lo || p[k] > hi)
				return 0;
		}
		return form[i].len;
	}
	return 0;
}

size_t
record_json(char *out, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	char *start = out;

	while (n > 0) {
		size_t len = utf8_len(p, n);

		if (len == 0 || *p == '\\') {
			*out++ = '\\';
			out = put_octal(out, *p);
			len = 1;
		} else if (*p < 0x20 || *p == 0x7f) {
			out += sprintf(out, "\\u%04x", *p);
		} else {
			if (*p == '"')
				*out++ = '\\';
			memcpy(out, p, len);
			out += len;
		}
		p += len;
		n -= len;
	}
	*out = '\0';
	return (size_t)(out - start);
}

static char *
put_string(char *out, const char *s)
{
	size_t n = strlen(s);

	memcpy(out, s, n);
	return out + n;
}

static char *
put_field(char *out, const struct record_field *f, int json, int first)
{
	if (!json) {
		out = put_string(put_string(out, f->key), "=");
		out += record_escape(out, f->value, f->len);
		return put_string(out, "\n");
	}
	out = put_string(put_string(put_string(out, first ? "\"" : ", \""), f->key), "\": ");
	if (f->bare)
		return put_string(out, strcmp(f->value, "yes") == 0 ? "true" :
		    strcmp(f->value, "no") == 0			    ? "false" :
								      f->value);
	*out++ = '"';
	out += record_json(out, f->value, f->len);
	*out++ = '"';
	return out;
}

char *
record_format(const struct record *r, int json)
{
	size_t size = 8;
	char *text, *p;

	if (r->failed)
		return NULL;
	/* A byte becomes at most 6; beside it stand the key and at most 8 more. */
	for (size_t i = 0; i < r->count; i++)
		size += strlen(r->field[i].key) + 6 * r->field[i].len + 16;
	if ((p = text = malloc(size)) == NULL)
		return NULL;
	if (json)
		*p++ = '{';
	for (size_t i = 0; i < r->count; i++)
		p = put_field(p, &r->field[i], json, i == 0);
	if (json)
		p = put_string(p, "}\n");
	*p = '\0';
	return text;
}
