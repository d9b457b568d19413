#define _GNU_SOURCE
#include "dumps.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "store_linux.h"

#define RECORD_SUFFIX ".txt"

const char *
dump_words(enum dump_state state)
{
	static const char *const words[] = { "whole", "cut", "partial", "none", "open", "gone" };

	return words[state];
}

/* Reads a record; NULL with errno, EINVAL when that is none. */
static char *
read_record(int dir, const char *name, uint64_t *size)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	char *text = NULL;
	ssize_t n = -1;

	if (fd < 0)
		return NULL;
	errno = EINVAL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= DUMPS_RECORD &&
	    (text = malloc((size_t)st.st_size + 1)) != NULL)
		n = io_pread(fd, text, (size_t)st.st_size, 0);
	io_close(fd);
	/* The first line is the identity, the second says that this is a record. */
	if (n <= 0 || strncmp(text, "uuid=", 5) != 0) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	*size = (uint64_t)n;
	return text;
}

/* Takes the values that are wanted out of the text, which is cut into strings. */
static void
take_values(struct dump *p, const char **stored, const char **complete)
{
	const struct {
		const char *key;
		const char **to;
	} want[] = {
		{ "time", &p->time }, { "comm", &p->comm }, { "signame", &p->signame }, { "uuid", &p->uuid },
		{ "build_id", &p->build_id }, { "fingerprint", &p->fingerprint }, { "exe", &p->exe },
		{ "pid", &p->pid }, { "stored", stored }, { "complete", complete },
	};
	char *next;

	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++)
		*want[i].to = "";
	for (char *line = p->record; line != NULL; line = next) {
		char *value = strchr(line, '=');

		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		if (value == NULL || (next != NULL && value >= next))
			continue;
		*value++ = '\0';
		for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++)
			if (strcmp(line, want[i].key) == 0)
				*want[i].to = value;
	}
}

static int
add(struct dumps *d, int dir, const char *file, size_t len)
{
	const char *stored, *complete;
	struct dump *p;

	if (d->count == d->room) {
		size_t room = d->room == 0 ? 64 : 2 * d->room;

		if ((p = realloc(d->dump, room * sizeof(*p))) == NULL)
			return -1;
		d->dump = p;
		d->room = room;
	}
	p = &d->dump[d->count];
	memset(p, 0, sizeof(*p));
	if ((p->record = read_record(dir, file, &p->record_size)) == NULL)
		return errno == ENOMEM ? -1 : 0;
	if ((p->name = strndup(file, len)) == NULL) {
		free(p->record);
		return -1;
	}
	d->count++;
	take_values(p, &stored, &complete);
	if (*complete == '\0')
		p->state = DUMP_OPEN;
	else if (strcmp(stored, "whole") == 0)
		p->state = strcmp(complete, "yes") == 0 ? DUMP_WHOLE : DUMP_CUT;
	else
		p->state = strcmp(stored, "partial") == 0 ? DUMP_PARTIAL : DUMP_NONE;
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	const struct dump *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int
newest_first(const void *a, const void *b)
{
	const struct dump *x = a, *y = b;
	int rc = strcmp(y->time, x->time);

	return rc != 0 ? rc : strcmp(x->name, y->name);
}

static int
ends(const char *s, size_t n, const char *with)
{
	size_t k = strlen(with);

	return n > k && memcmp(s + n - k, with, k) == 0;
}

/* The dump, of those by name, whose file this may be: its name with a suffix that begins with a dot. */
static struct dump *
owner(const struct dumps *d, const char *file)
{
	char name[NAME_MAX + 1];
	struct dump key = { .name = name }, *p;
	size_t n = strlen(file);

	if (n > NAME_MAX || d->count == 0)
		return NULL;
	memcpy(name, file, n + 1);
	/* The longest name that is there: names have dots too. */
	for (char *dot; (dot = strrchr(name, '.')) != NULL && dot != name;) {
		*dot = '\0';
		if ((p = bsearch(&key, d->dump, d->count, sizeof(key), by_name)) != NULL)
			return p;
	}
	return NULL;
}

static int
take_file(struct dump *p, int dir, const char *file)
{
	size_t n = strlen(file);
	int partial = ends(file, n, STORE_PARTIAL);
	struct stat st;

	if (partial != (p->state == DUMP_PARTIAL) || p->state == DUMP_NONE || p->file != NULL ||
	    fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0;
	p->size = (uint64_t)st.st_size;
	return (p->file = strdup(file)) == NULL ? -1 : 0;
}

int
dumps_read(struct dumps *d, int fd)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	struct dirent *e;
	DIR *dir;

	if (own < 0)
		return -1;
	if ((dir = fdopendir(own)) == NULL) {
		io_close(own);
		return -1;
	}
	while (rc == 0 && (errno = 0, e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.' && ends(e->d_name, strlen(e->d_name), RECORD_SUFFIX))
			rc = add(d, fd, e->d_name, strlen(e->d_name) - strlen(RECORD_SUFFIX));
	if (errno != 0)
		rc = -1;
	if (d->count > 0)
		qsort(d->dump, d->count, sizeof(*d->dump), by_name);
	rewinddir(dir);
	while (rc == 0 && (e = readdir(dir)) != NULL) {
		struct dump *p = ends(e->d_name, strlen(e->d_name), RECORD_SUFFIX) ? NULL : owner(d, e->d_name);

		if (p != NULL)
			rc = take_file(p, fd, e->d_name);
	}
	closedir(dir);
	for (size_t i = 0; i < d->count; i++)
		if (d->dump[i].file == NULL && d->dump[i].state <= DUMP_PARTIAL)
			d->dump[i].state = DUMP_GONE;
	if (d->count > 0)
		qsort(d->dump, d->count, sizeof(*d->dump), newest_first);
	return rc;
}

void
dumps_free(struct dumps *d)
{
	for (size_t i = 0; i < d->count; i++) {
		free(d->dump[i].name);
		free(d->dump[i].file);
		free(d->dump[i].record);
	}
	free(d->dump);
	memset(d, 0, sizeof(*d));
}
