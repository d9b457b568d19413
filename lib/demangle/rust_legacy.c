/* Rust's legacy names are C++ names with a hash behind them, and marks of characters that C++ has not. */
#include <stdlib.h>
#include <string.h>

#include "demangle/demangle.h"

/* The parts of a symbol _ZN LENGTH NAME ... E. */
struct parts {
	const char *next, *name;
	size_t len;
};

/* Takes the next part; 0 at the end, or when there is none. */
static int
next_part(struct parts *p)
{
	const char *at = p->next;
	size_t n = 0;

	if (*at < '1' || *at > '9')
		return 0;
	while (*at >= '0' && *at <= '9' && n < DEMANGLE_LONGEST)
		n = n * 10 + (size_t)(*at++ - '0');
	if (strnlen(at, n) < n)
		return 0;
	*p = (struct parts){ .next = at + n, .name = at, .len = n };
	return 1;
}

static int
is_hash(const struct parts *p)
{
	return p->len == 17 && p->name[0] == 'h' &&
	    strspn(p->name + 1, "0123456789abcdef") >= 16 && p->next[0] == 'E';
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

/* Appends text[n] to what is in out[*at]; 0 when there is no room. */
static int
append(char *out, size_t len, size_t *at, const char *text, size_t n)
{
	if (n >= len - *at)
		return 0;
	memcpy(out + *at, text, n);
	*at += n;
	out[*at] = '\0';
	return 1;
}

/* Appends a part, with what its marks stand for. */
static int
put_part(char *out, size_t len, size_t *at, const struct parts *part)
{
	const char *p = part->name, *end = p + part->len, *stands;
	char one[2];
	size_t n;

	/* A part that would begin with a mark has this before it. */
	if (part->len > 1 && p[0] == '_' && p[1] == '$')
		p++;
	for (; p < end; p += n) {
		if ((stands = mark(p, &n, one)) == NULL || n > (size_t)(end - p)) {
			stands = p;
			n = 1;
		}
		if (!append(out, len, at, stands, stands == p ? 1 : strlen(stands)))
			return 0;
	}
	return 1;
}

int
demangle_rust_legacy(const char *symbol, char *out, size_t len)
{
	struct parts part = { .next = symbol + 3 };
	size_t at = 0;

	if (strncmp(symbol, "_ZN", 3) != 0)
		return 0;
	while (next_part(&part)) {
		if (is_hash(&part))
			return at > 0;
		if ((at > 0 && !append(out, len, &at, "::", 2)) || !put_part(out, len, &at, &part))
			return 0;
	}
	return 0;
}
