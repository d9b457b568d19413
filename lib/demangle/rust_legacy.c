/* Rust's legacy names are C++ names with a hash behind them, and marks of characters that C++ has not. */
#include <stdlib.h>
#include <string.h>

#include "demangle/demangle.h"

static int
is_hash(const char *text)
{
	return strlen(text) == 19 && strncmp(text, "::h", 3) == 0 &&
	    strspn(text + 3, "0123456789abcdef") == 16;
}

/* What a mark $NAME$ at p stands for, its length in *len; NULL: none that is known. */
static const char *
mark(const char *p, size_t *len, char one[2])
{
	static const char *const marks[][2] = { { "$SP$", "@" }, { "$BP$", "*" }, { "$RF$", "&" },
		{ "$LT$", "<" }, { "$GT$", ">" }, { "$LP$", "(" }, { "$RP$", ")" }, { "$C$", "," },
		{ "..", "::" } };
	char *end;
	long code;

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (strncmp(p, marks[i][0], *len = strlen(marks[i][0])) == 0)
			return marks[i][1];
	if (p[0] != '$' || p[1] != 'u')
		return NULL;
	code = strtol(p + 2, &end, 16);
	if (end == p + 2 || *end != '$' || code < ' ' || code > '~')
		return NULL;
	one[0] = (char)code;
	one[1] = '\0';
	*len = (size_t)(end + 1 - p);
	return one;
}

int
demangle_rust_legacy(char *text)
{
	char *clone = strstr(text, " [clone "), *to = text, one[2];
	size_t end = clone != NULL ? (size_t)(clone - text) : strlen(text), len;
	char saved = text[end];

	text[end] = '\0';
	if (end < 19 || !is_hash(text + end - 19)) {
		text[end] = saved;
		return 0;
	}
	text[end - 19] = '\0';
	for (const char *p = text; *p != '\0';) {
		const char *stands;

		/* A part that would begin with a mark has this before it. */
		if (p[0] == '_' && p[1] == '$' && (p == text || p[-1] == ':'))
			p++;
		if ((stands = mark(p, &len, one)) == NULL) {
			*to++ = *p++;
			continue;
		}
		memcpy(to, stands, strlen(stands));
		to += strlen(stands);
		p += len;
	}
	*to = '\0';
	return 1;
}
