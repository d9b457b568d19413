#include "record/writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "record/escape.h"

void
writer_start(struct writer *w, enum writer_form form,
    int (*put)(void *arg, const char *text, size_t len), void *arg)
{
	w->put = put;
	w->arg = arg;
	w->json = form != WRITER_LINES;
	w->between = form == WRITER_MEMBERS ? ", " : "";
	w->error = 0;
	w->len = 0;
}

void
writer_fail(struct writer *w, int error)
{
	if (w->error == 0)
		w->error = error;
}

int
writer_flush(struct writer *w)
{
	if (w->error == 0 && w->len > 0 && w->put(w->arg, w->text, w->len) < 0)
		writer_fail(w, errno != 0 ? errno : EIO);
	w->len = 0;
	if (w->error == 0)
		return 0;
	errno = w->error;
	return -1;
}

static void
put(struct writer *w, const char *text, size_t n)
{
	while (n > 0) {
		size_t some = sizeof(w->text) - w->len;

		if (some > n)
			some = n;
		memcpy(w->text + w->len, text, some);
		w->len += some;
		text += some;
		n -= some;
		if (w->len == sizeof(w->text))
			writer_flush(w);
	}
}

static void
put_string(struct writer *w, const char *text)
{
	put(w, text, strlen(text));
}

/* What stands before a value: the comma and the key. */
static void
put_key(struct writer *w, const char *key)
{
	if (w->json) {
		put_string(w, w->between);
		w->between = ", ";
	}
	if (key == NULL)
		return;
	put_string(w, w->json ? "\"" : "");
	put_string(w, key);
	put_string(w, w->json ? "\": " : "=");
}

static void
put_end(struct writer *w)
{
	if (!w->json)
		put(w, "\n", 1);
}

static void
put_quote(struct writer *w)
{
	if (w->json)
		put(w, "\"", 1);
}

void
writer_bytes(struct writer *w, const char *key, const void *bytes, size_t n)
{
	put_key(w, key);
	put_quote(w);
	writer_escape(w, bytes, n);
	put_quote(w);
	put_end(w);
}

void
writer_text(struct writer *w, const char *key, const char *text)
{
	writer_bytes(w, key, text, strlen(text));
}

void
writer_number(struct writer *w, const char *key, uint64_t value)
{
	put_key(w, key);
	writer_print(w, "%" PRIu64, value);
	put_end(w);
}

void
writer_hex(struct writer *w, const char *key, uint64_t value)
{
	put_key(w, key);
	put_quote(w);
	writer_print(w, "0x%" PRIx64, value);
	put_quote(w);
	put_end(w);
}

void
writer_digits(struct writer *w, const char *key, const uint8_t *bytes, size_t n)
{
	put_key(w, key);
	put_quote(w);
	for (size_t i = 0; i < n; i++)
		writer_print(w, "%02x", bytes[i]);
	put_quote(w);
	put_end(w);
}

void
writer_flag(struct writer *w, const char *key, int value)
{
	put_key(w, key);
	put_string(w, w->json ? (value ? "true" : "false") : value ? "yes" : "no");
	put_end(w);
}

void
writer_open(struct writer *w, const char *key, char bracket)
{
	if (!w->json)
		return;
	put_key(w, key);
	put(w, &bracket, 1);
	w->between = "";
}

void
writer_close(struct writer *w, char bracket)
{
	if (!w->json)
		return;
	put(w, &bracket, 1);
	w->between = ", ";
}

void
writer_print(struct writer *w, const char *format, ...)
{
	char text[WRITER_PRINT + 1];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	put_string(w, text);
}

void
writer_escape(struct writer *w, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	char text[ESCAPE_MOST];
	size_t len, of;

	for (; n > 0; p += of, n -= of) {
		of = w->json ? escape_json(text, &len, p, n) : escape_line(text, &len, p, n);
		put(w, text, len);
	}
}
