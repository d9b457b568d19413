#include "record/escape.h"

#include <string.h>

#include "record/record.h"

static void
put_octal(char *out, unsigned char c)
{
	out[0] = '\\';
	out[1] = '0';
	out[2] = (char)('0' + (c >> 6));
	out[3] = (char)('0' + (c >> 3 & 7));
	out[4] = (char)('0' + (c & 7));
}

size_t
escape_line(char out[ESCAPE_MOST], size_t *len, const unsigned char *bytes, size_t n)
{
	(void)n;
	if (*bytes < 0x20 || *bytes > 0x7e || *bytes == '\\') {
		put_octal(out, *bytes);
		*len = 5;
	} else {
		*out = (char)*bytes;
		*len = 1;
	}
	return 1;
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
			unsigned char lo = k == 1 ? form[i].lo2 : 0x80;
			unsigned char hi = k == 1 ? form[i].hi2 : 0xbf;

			if (p[k] < lo || p[k] > hi)
				return 0;
		}
		return form[i].len;
	}
	return 0;
}

size_t
escape_json(char out[ESCAPE_MOST], size_t *len, const unsigned char *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	size_t of = utf8_len(bytes, n);

	if (of == 0 || *bytes == '\\') {
		/* The backslash of the octal escape is itself escaped for JSON. */
		*out = '\\';
		put_octal(out + 1, *bytes);
		*len = 6;
		return 1;
	}
	if (*bytes < 0x20 || *bytes == 0x7f) {
		memcpy(out, "\\u00", 4);
		out[4] = digits[*bytes >> 4];
		out[5] = digits[*bytes & 15];
		*len = 6;
		return 1;
	}
	*len = of;
	if (*bytes == '"') {
		*out++ = '\\';
		++*len;
	}
	memcpy(out, bytes, of);
	return of;
}

static size_t
escape(char *out, const unsigned char *p, size_t n,
    size_t (*one)(char out[ESCAPE_MOST], size_t *len, const unsigned char *bytes, size_t n))
{
	char *start = out;
	size_t len, of;

	for (; n > 0; p += of, n -= of, out += len)
		of = one(out, &len, p, n);
	*out = '\0';
	return (size_t)(out - start);
}

size_t
record_escape(char *out, const void *bytes, size_t n)
{
	return escape(out, bytes, n, escape_line);
}

size_t
record_json(char *out, const void *bytes, size_t n)
{
	return escape(out, bytes, n, escape_json);
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
