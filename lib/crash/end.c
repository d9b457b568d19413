#define _GNU_SOURCE
#include "crash/end.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "crash/merge.h"
#include "record/text.h"
#include "store/store.h"

/*
 * Copies the lines of a record at *text up to an empty line, and moves *text behind that; NULL:
 * memory.
 */
static char *
copy_lines(const char **text)
{
	struct text_line l;
	char *copy;
	size_t size;
	FILE *to = open_memstream(&copy, &size);

	if (to == NULL)
		return NULL;
	while (text_next(&l, text) && l.len > 0)
		if (text_is_plain(&l))
			text_put(to, &l);
	text_close(to, &copy);
	return copy;
}

int
end_read_begun(struct end_options *o, const char *text)
{
	o->live = copy_lines(&text);
	o->environment = copy_lines(&text);
	return o->live != NULL && o->environment != NULL ? 0 : -1;
}

/*
 * The name of a file of the dump, which the caller frees; NULL when there is no regular file of
 * that name.
 */
static char *
find_file(const struct end_options *o, int dir, const char *small, uint64_t *size)
{
	struct stat st;
	char *name;

	if (asprintf(&name, "%s%s.%s", o->name, small, o->suffix) < 0)
		return NULL;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)) {
		*size = (uint64_t)st.st_size;
		return name;
	}
	free(name);
	return NULL;
}

/* What became of the full file, by the status of core-store. */
static void
find_stored(struct ended *e, const struct end_options *o)
{
	const char *end;

	e->stored = "no";
	e->sent = o->object != NULL && e->status == 0;
	if (o->small_why != NULL || o->object != NULL || e->status > 1)
		return;
	e->stored = e->status == 0 ? "whole" : "partial";
	end = e->status == 0 ? "" : STORE_PARTIAL;
	if (asprintf(&e->file, "%s.%s%s", o->name, o->suffix, end) < 0)
		e->file = NULL;
}

/* Writes what became of the files: the end of the record. */
static void
put_end(FILE *to, struct ended *e, const struct end_options *o, const struct said *s,
    uint64_t small_bytes)
{
	fputs(s->errors_text, to);
	if (o->object != NULL)
		text_print(to, "object=%s\nobject_whole=%s\n", o->object, e->sent ? "yes" : "no");
	if (o->small && o->loop_count != NULL)
		text_print(to, "loop_count=%s\n", o->loop_count);
	if (o->small && e->small_file != NULL)
		text_print(to, "small=whole\nsmall_bytes=%ju\n", (uintmax_t)small_bytes);
	else if (o->small)
		fputs("small=no\n", to);
	if (o->small && o->small_why != NULL)
		text_print(to, "small_why=%s\n", o->small_why);
	text_print(to, "stored=%s\ncomplete=%s\n", e->stored, e->complete ? "yes" : "no");
}

/* Replaces the record, or appends its end when that cannot be done. */
static void
replace(struct ended *e, const struct end_options *o, int dir, const char *text, const char *end)
{
	char file[NAME_MAX + 1];
	int fd;

	e->replaced =
	    record_file_put(o->dir, o->name, text, &o->owner, 0, STORE_SYNC | STORE_REPLACE) == 0;
	if (e->replaced)
		return;
	e->error = errno;
	e->status = 2;
	if ((size_t)snprintf(file, sizeof(file), "%s.txt", o->name) >= sizeof(file))
		return;
	/* A full disk has room for the end in the last block of the record itself. */
	fd = openat(dir, file,
	    O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return;
	if (io_regular(fd) && io_write(fd, end, strlen(end)) < 0)
		e->error = errno;
	io_close(fd);
}

/* Returns the record, all of it or without its lists, which the caller frees; NULL: memory. */
static char *
format(const struct ended *e, const struct end_options *o, const struct said *s, const char *end,
    int with_lists)
{
	char *text;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (to == NULL)
		return NULL;
	merge_facts(to, o->live != NULL ? o->live : "", s->facts_text, o->with_private);
	if (with_lists)
		text_print(to, "%s%s", o->environment != NULL ? o->environment : "",
		    s->modules_text);
	if (e->pending)
		fputs("pending=stack\n", to);
	fputs(end, to);
	text_close(to, &text);
	return text;
}

/*
 * Finds what became of the dump, and writes the end of its record, which the caller frees; NULL:
 * memory.
 */
static char *
finish(struct ended *e, const struct end_options *o, const struct said *s, int dir)
{
	const char *value;
	uint64_t small_bytes = 0;
	size_t size, len;
	char *end;
	FILE *to;

	e->status = s->status >= 0 ? s->status : 2;
	find_stored(e, o);
	if (o->small)
		e->small_file = find_file(o, dir, ".small", &small_bytes);
	if ((value = text_value(s->facts_text, "bytes", &len)) != NULL && len < sizeof(e->bytes))
		snprintf(e->bytes, sizeof(e->bytes), "%.*s", (int)len, value);
	value = text_value(s->facts_text, "complete", &len);
	e->complete = value != NULL && len == 3 && memcmp(value, "yes", 3) == 0;
	/* The stacks of a loop are all the same, and take longer to find than the next crash. */
	e->pending =
	    o->stack && o->loop_count == NULL && (e->file != NULL || e->small_file != NULL);
	if ((to = open_memstream(&end, &size)) == NULL)
		return NULL;
	put_end(to, e, o, s, small_bytes);
	text_close(to, &end);
	return end;
}

int
end_record(struct ended *e, const struct end_options *o, struct said *s)
{
	int dir = open(o->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *text = NULL, *end;

	memset(e, 0, sizeof(*e));
	fflush(s->facts);
	fflush(s->modules);
	fflush(s->errors);
	if ((end = finish(e, o, s, dir)) != NULL && (text = format(e, o, s, end, 1)) != NULL)
		replace(e, o, dir, text, end);
	if (text != NULL)
		e->lines = format(e, o, s, end, 0);
	free(text);
	free(end);
	if (dir >= 0)
		io_close(dir);
	errno = ENOMEM;
	return e->lines != NULL ? 0 : -1;
}

void
ended_free(struct ended *e)
{
	free(e->file);
	free(e->small_file);
	free(e->lines);
}
