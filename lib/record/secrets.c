#include "record/secrets.h"

#include <string.h>
#include <strings.h>

#include "record/record.h"
#include "record/writer.h"

/* Whether n bytes of text contain a word, in letters of either case. */
static int
contains(const char *text, size_t n, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i + len <= n; i++)
		if (strncasecmp(text + i, word, len) == 0)
			return 1;
	return 0;
}

/* Whether it may be scheme://user:password@host; a password may have any character in it. */
static int
has_password(const char *value)
{
	const char *p = strstr(value, "://");

	return p != NULL && strchr(p, '@') != NULL;
}

int
environment_secret(const char *text)
{
	static const char *const words[] = { "pass", "pwd", "secret", "token", "key", "cred",
		"auth", "priv", "sess", "cookie", "cert", "sign", "salt", "seed", "otp", "pin",
		"dsn", "jwt", "bearer", "license" };
	size_t n = strcspn(text, "=");

	if (n == 0 || text[n] == '\0')
		return 1;
	/* These two name the directory of a shell, which is no secret. */
	if (strncmp(text, "PWD=", 4) == 0 || strncmp(text, "OLDPWD=", 7) == 0)
		return has_password(text + n);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (contains(text, n, words[i]))
			return 1;
	return has_password(text + n + 1);
}

int
environment_list(const char *bytes, size_t n, int json,
    int (*put)(void *arg, const char *text, size_t len), void *arg)
{
	struct writer w;
	uint64_t left_out = 0;

	writer_start(&w, json ? WRITER_MEMBERS : WRITER_LINES, put, arg);
	writer_open(&w, "environment", '[');
	for (size_t at = 0, len; at < n; at += len + 1) {
		len = strlen(bytes + at);
		if (len > 0 && environment_secret(bytes + at))
			left_out++;
		else if (len > 0)
			writer_bytes(&w, json ? NULL : "env", bytes + at,
			    len < RECORD_VALUE ? len : RECORD_VALUE);
	}
	writer_close(&w, ']');
	writer_number(&w, "env_left_out", left_out);
	return writer_flush(&w);
}
