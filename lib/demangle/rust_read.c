#include "demangle/rust_read.h"

#include <string.h>

#include "demangle/demangle.h"

void
demangle_put(struct demangle_v0 *v, const char *text, size_t n)
{
	if (v->silent || v->failed)
		return;
	if (n >= v->room - v->len) {
		v->failed = 1;
		return;
	}
	memcpy(v->out + v->len, text, n);
	v->len += n;
	v->out[v->len] = '\0';
}

void
demangle_say(struct demangle_v0 *v, const char *text)
{
	demangle_put(v, text, strlen(text));
}

int
demangle_take(struct demangle_v0 *v, char c)
{
	if (v->failed || v->text[v->at] != c || c == '\0')
		return 0;
	v->at++;
	return 1;
}

char
demangle_take_any(struct demangle_v0 *v)
{
	if (v->failed || v->text[v->at] == '\0') {
		v->failed = 1;
		return '\0';
	}
	return v->text[v->at++];
}

uint64_t
demangle_base62(struct demangle_v0 *v)
{
	static const char digits[] =
	    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	uint64_t n = 0;

	if (demangle_take(v, '_'))
		return 0;
	while (!v->failed && !demangle_take(v, '_')) {
		char c = demangle_take_any(v);
		const char *digit = c != '\0' ? strchr(digits, c) : NULL;

		if (digit == NULL) {
			v->failed = 1;
			return 0;
		}
		/* Numbers of crates have 64 bits; what is longer is no number that counts. */
		n = n * 62 + (uint64_t)(digit - digits);
	}
	return n + 1;
}

uint64_t
demangle_marked(struct demangle_v0 *v, char letter)
{
	return demangle_take(v, letter) ? demangle_base62(v) + 1 : 0;
}

/* Reads [u] DECIMAL [_] BYTES; the bytes are *name[returned]. */
size_t
demangle_identifier(struct demangle_v0 *v, const char **name)
{
	size_t n = 0;

	demangle_take(v, 'u');
	if (!demangle_take(v, '0'))
		while (v->text[v->at] >= '0' && v->text[v->at] <= '9' && n < DEMANGLE_LONGEST)
			n = n * 10 + (size_t)(v->text[v->at++] - '0');
	demangle_take(v, '_');
	*name = v->text + v->at;
	if (v->failed || strnlen(*name, n) < n) {
		v->failed = 1;
		return 0;
	}
	v->at += n;
	return n;
}
