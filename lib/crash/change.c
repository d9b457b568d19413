#define _GNU_SOURCE
#include "crash/change.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "crash/record_file.h"
#include "record/text.h"
#include "store/store.h"

/* The longest record that is changed, bytes, as dumps/directory.h reads it. */
#define RECORD_MOST (16u * 1024 * 1024)

int
change_add_key(const char **keys, const char *key)
{
	for (int i = 0; i + 1 < CHANGE_KEYS; i++) {
		if (keys[i] != NULL)
			continue;
		keys[i] = key;
		return 0;
	}
	return -1;
}

char *
change_join(char **texts)
{
	char *joined;
	size_t size;
	FILE *to = open_memstream(&joined, &size);

	if (to == NULL)
		return NULL;
	for (; *texts != NULL; texts++) {
		size_t n = strlen(*texts);

		text_print(to, "%s%s", *texts, n > 0 && (*texts)[n - 1] != '\n' ? "\n" : "");
	}
	text_close(to, &joined);
	return joined;
}

int
change_lines_ok(const char *text)
{
	struct text_line l;

	while (text_next(&l, &text))
		if (!text_is_plain(&l) || l.start[l.len] != '\n')
			return 0;
	return 1;
}

/*
 * Writes the new lines: all with the key of this one, or (NULL) all whose keys the record does not
 * have yet.
 */
static void
put_new(FILE *to, const struct change *c, const char *record, const struct text_line *like)
{
	const char *p = c->lines;
	struct text_line l;

	while (text_next(&l, &p))
		if (like == NULL ? text_like(record, &l) == NULL : text_same_key(&l, like))
			text_put(to, &l);
}

char *
change_text(const char *record, const struct change *c)
{
	const char *p = record;
	struct text_line l;
	int placed = 0;
	size_t size;
	char *text;
	FILE *to = open_memstream(&text, &size);

	if (to == NULL)
		return NULL;
	while (text_next(&l, &p)) {
		if (!placed && text_is_among(&l, c->before)) {
			put_new(to, c, record, NULL);
			placed = 1;
		}
		if (text_like(c->lines, &l) != NULL) {
			if (text_like(record, &l) == l.start)
				put_new(to, c, record, &l);
		} else if (!text_is_among(&l, c->without)) {
			text_put(to, &l);
		}
		if (!placed && c->after != NULL && text_is(&l, c->after)) {
			put_new(to, c, record, NULL);
			placed = 1;
		}
	}
	if (!placed)
		put_new(to, c, record, NULL);
	text_close(to, &text);
	return text;
}

/*
 * Splits "DIR/NAME.txt" into its directory and name, which are the caller's to free; 0, or -1 with
 * errno.
 */
static int
split(const char *path, char **dir, char **name)
{
	const char *slash = strrchr(path, '/'), *file = slash != NULL ? slash + 1 : path;
	size_t n = strlen(file);

	*dir =
	    slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
	*name = n > 4 && strcmp(file + n - 4, ".txt") == 0 ? strndup(file, n - 4) : NULL;
	if (*dir != NULL && *name != NULL)
		return 0;
	errno = EINVAL;
	return -1;
}

int
change_file(const char *path, const struct change *c)
{
	char *dir = NULL, *name = NULL, *old = malloc(RECORD_MOST), *text = NULL;
	struct record_owner owner;
	int rc = -1, saved;

	if (old != NULL && split(path, &dir, &name) == 0 &&
	    record_file_read(AT_FDCWD, path, old, RECORD_MOST, &owner) == 0) {
		if (strlen(old) + 1 == RECORD_MOST)
			errno = EFBIG;
		else
			text = change_text(old, c);
	}
	if (text != NULL)
		rc = record_file_put(dir, name, text, &owner, 0, STORE_SYNC | STORE_REPLACE);
	saved = errno;
	free(text);
	free(old);
	free(name);
	free(dir);
	errno = saved;
	return rc;
}
