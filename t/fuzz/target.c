#define _GNU_SOURCE
#include "target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void
target_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

int
target_file(const uint8_t *bytes, size_t len)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	MUST(fd >= 0);
	for (size_t done = 0; done < len;) {
		ssize_t n = pwrite(fd, bytes + done, len - done, (off_t)done);

		MUST(n > 0);
		done += (size_t)n;
	}
	return fd;
}

void
target_close(int fd)
{
	close(fd);
}

char *
target_string(const uint8_t *bytes, size_t len)
{
	char *text = calloc(len + 1, 1);

	MUST(text != NULL);
	if (len > 0)
		memcpy(text, bytes, len);
	return text;
}

uint8_t *
target_bytes(int fd, size_t *len)
{
	struct stat st;
	uint8_t *bytes;

	MUST(fstat(fd, &st) == 0);
	*len = (size_t)st.st_size;
	MUST((bytes = malloc(*len + 1)) != NULL);
	MUST(pread(fd, bytes, *len, 0) == (ssize_t)*len);
	return bytes;
}

/* FNV-1a, and then splitmix64. */
void
target_draw_start(struct target_draw *d, const uint8_t *bytes, size_t len)
{
	d->state = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < len; i++)
		d->state = (d->state ^ bytes[i]) * UINT64_C(0x100000001b3);
}

uint64_t
target_draw(struct target_draw *d, uint64_t n)
{
	uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (z ^ z >> 31) % n;
}

int
target_put(void *text, const char *piece, size_t len)
{
	struct target_text *t = text;
	char *more = realloc(t->text, t->len + len + 1);

	MUST(more != NULL);
	memcpy(more + t->len, piece, len);
	t->text = more;
	t->len += len;
	t->text[t->len] = '\0';
	return 0;
}

/* What is left of the text. */
struct json {
	const char *at, *end;
};

static int
json_char(struct json *j, char c)
{
	if (j->at == j->end || *j->at != c)
		return 0;
	j->at++;
	return 1;
}

static void
json_blank(struct json *j)
{
	while (json_char(j, ' ') || json_char(j, '\t') || json_char(j, '\n') || json_char(j, '\r'))
		;
}

/* The bytes of the UTF-8 character (RFC 3629) that comes; 0: it is none. */
static size_t
utf8_bytes(const unsigned char *p, size_t left)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 :
	    p[0] < 0xf5 ? 4 : 0;

	if (n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

static int
json_string(struct json *j)
{
	if (!json_char(j, '"'))
		return 0;
	while (j->at < j->end && *j->at != '"') {
		size_t n = utf8_bytes((const unsigned char *)j->at, (size_t)(j->end - j->at));

		if (n == 0 || (unsigned char)*j->at < ' ')
			return 0;
		if (!json_char(j, '\\')) {
			j->at += n;
		} else if (json_char(j, 'u')) {
			for (int i = 0; i < 4; i++, j->at++)
				if (j->at == j->end || *j->at == '\0' ||
				    strchr("0123456789abcdefABCDEF", *j->at) == NULL)
					return 0;
		} else {
			if (j->at == j->end || *j->at == '\0' || strchr("\"\\/bfnrt", *j->at) == NULL)
				return 0;
			j->at++;
		}
	}
	return json_char(j, '"');
}

/* A number as the library writes them: digits alone, without leading zeros; or a word. */
static int
json_plain(struct json *j)
{
	static const char *const words[] = { "true", "false", "null" };
	const char *start = j->at;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t n = strlen(words[i]);

		if ((size_t)(j->end - j->at) >= n && memcmp(j->at, words[i], n) == 0) {
			j->at += n;
			return 1;
		}
	}
	json_char(j, '-');
	while (j->at < j->end && *j->at >= '0' && *j->at <= '9')
		j->at++;
	return j->at > start && (*start != '0' || j->at == start + 1);
}

static int
json_value(struct json *j, int depth)
{
	int object = j->at < j->end && *j->at == '{';
	char close = object ? '}' : ']';

	json_blank(j);
	if (j->at < j->end && *j->at == '"')
		return json_string(j);
	if (!json_char(j, '{') && !json_char(j, '['))
		return json_plain(j);
	json_blank(j);
	if (depth == 0 || json_char(j, close))
		return depth > 0;
	do {
		json_blank(j);
		if (object && (!json_string(j) || (json_blank(j), !json_char(j, ':'))))
			return 0;
		json_blank(j);
		if (!json_value(j, depth - 1))
			return 0;
		json_blank(j);
	} while (json_char(j, ','));
	return json_char(j, close);
}

int
target_json(const char *text, size_t len)
{
	struct json j = { text, text + len };

	json_blank(&j);
	if (!json_value(&j, 64))
		return 0;
	json_blank(&j);
	return j.at == j.end;
}
