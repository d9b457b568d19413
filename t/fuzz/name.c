/*
 * Fuzz target: the name of a crash, from a template and the lines of a record, which a NUL parts.  Whatever they are,
 * it is a safe name of a file, and not too long.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "crash/name.h"
#include "target.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!+,-.=@_";
	char *text = target_string(bytes, len), *lines = text + strlen(text);
	struct name n, again;

	lines += lines < text + len;
	MUST(setenv("TZ", "UTC0", 1) == 0);
	memset(&n, 'x', sizeof(n));
	if (name_make(&n, text, lines) < 0) {
		MUST(memchr(n.why, '\0', sizeof(n.why)) != NULL && n.why[0] != '\0');
	} else {
		MUST(n.len > 0 && n.len <= NAME_BYTES && n.text[n.len] == '\0');
		MUST(strspn(n.text, safe) == n.len);
		MUST(n.text[0] != '.' && n.text[0] != '-');
		/* A name is its own template: there is no % in it. */
		MUST(name_make(&again, n.text, lines) == 0 && strcmp(again.text, n.text) == 0);
	}
	free(text);
	return 0;
}
