#include "demangle/demangle.h"

#include <stdlib.h>
#include <string.h>

/* Where the parameters begin, of a text that ends with them; NULL when it does not. */
static char *
parameters(char *text)
{
	char *p = strrchr(text, ')');
	int depth = 0;

	/* const, volatile, & and && of a method stand behind them. */
	if (p == NULL || strspn(p + 1, " &abcdefghijklmnopqrstuvwxyz") != strlen(p + 1))
		return NULL;
	for (;; p--) {
		if (*p == ')')
			depth++;
		else if (*p == '(' && --depth == 0)
			return p;
		if (p == text)
			return NULL;
	}
}

static int
ends_with(const char *text, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && memcmp(text + len - n, end, n) == 0;
}

/* Whether an operator's name begins here: brackets and blanks in it do not end the name. */
static int
is_operator(const char *text, const char *at)
{
	static const char word[] = "operator";
	size_t n = sizeof(word) - 1;

	return strncmp(at, word, n) == 0 && (at == text || at[-1] == ':' || at[-1] == ' ') &&
	    strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", at[n]) ==
	    NULL;
}

/*
 * Where the name begins: behind the last blank that is in no brackets.  Only what is made of a
 * template has a result.
 */
static size_t
name_start(const char *text)
{
	size_t start = 0;
	int depth = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (depth == 0 && is_operator(text, p))
			break;
		if (strchr("<({[", *p) != NULL)
			depth++;
		else if (strchr(">)}]", *p) != NULL && (p == text || *p != '>' || p[-1] != '-'))
			depth--;
		else if (*p == ' ' && depth == 0)
			start = (size_t)(p - text) + 1;
		if (depth < 0)
			return 0;
	}
	return start;
}

/* Whether a name, without its parameters, ends with those of a template; an ABI tag may follow. */
static int
is_of_template(const char *text)
{
	size_t len = strlen(text);
	const char *tag;

	while (len > 0 && text[len - 1] == ']') {
		for (tag = text + len - 1; tag > text && *tag != '['; tag--)
			;
		len = (size_t)(tag - text);
	}
	return len > 0 && text[len - 1] == '>';
}

void
demangle_shorten(char *text)
{
	char *clone = strstr(text, " [clone "), *end;
	size_t start;

	if (clone != NULL)
		*clone = '\0';
	if ((end = parameters(text)) == NULL || end == text)
		return;
	/* "operator()" has none here, and what returns a function has its own within. */
	if (ends_with(text, (size_t)(end - text), "operator") ||
	    (end[-1] == ')' && !ends_with(text, (size_t)(end - text), "operator()")))
		return;
	*end = '\0';
	if (!is_of_template(text) || strstr(text, " thunk to ") != NULL)
		return;
	start = name_start(text);
	memmove(text, text + start, strlen(text + start) + 1);
}
