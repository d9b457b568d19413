#define _GNU_SOURCE
#include "base/array.h"
#include "dumps/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "dumps/remove.h"
#include "dumps/values.h"
#include "store/store.h"

#define RECORD_SUFFIX ".txt"
/* Between the name of a dump and the suffix of its small core. */
#define SMALL_INFIX ".small."
/* The digits of a user's number, 32 bits. */
#define USER_DIGITS 10

/* A directory that is being read. */
struct reading {
	struct dumps *d;
	int fd;
	const char *user;	/* what its names begin with, a slash behind it, or NULL */
	size_t first;		/* of its dumps in d */
	uint64_t left;		/* bytes of records that are still read */
};

/* How much is read of a directory. */
static uint64_t
record_budget(int dir)
{
	struct stat st;

	if (fstat(dir, &st) == 0 && (st.st_uid == 0 || st.st_uid == geteuid()))
		return UINT64_MAX;
	return DUMPS_OF_OTHERS;
}

/* A name of len bytes with that of the user before it; NULL: memory. */
static char *
full_name(const struct reading *r, const char *name, size_t len)
{
	size_t user = r->user != NULL ? strlen(r->user) + 1 : 0;
	char *text = malloc(user + len + 1);

	if (text == NULL)
		return NULL;
	if (user > 0) {
		memcpy(text, r->user, user - 1);
		text[user - 1] = '/';
	}
	memcpy(text + user, name, len);
	text[user + len] = '\0';
	return text;
}

static int
add_dump(struct reading *r, const char *file, size_t len)
{
	struct dumps *d = r->d;
	struct dump *p;

	if (ARRAY_GROW(d->dump, d->room, d->count, SIZE_MAX) < 0)
		return -1;
	p = &d->dump[d->count];
	if (dump_values_read(p, r->fd, file, &r->left) < 0)
		return errno == ENOMEM ? -1 : 0;
	if ((p->name = full_name(r, file, len)) == NULL) {
		free(p->record);
		return -1;
	}
	d->count++;
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

	/* Within one second, the higher PID is newer, and so is a name with -1 appended. */
	return rc != 0 ? rc : strverscmp(y->name, x->name);
}

static int
has_suffix(const char *s, size_t n, const char *with)
{
	size_t k = strlen(with);

	return n > k && memcmp(s + n - k, with, k) == 0;
}

/*
 * The dump, of those by name, whose file this may be: its name with a suffix that begins with a
 * dot.
 */
static struct dump *
find_owner(const struct reading *r, const char *file)
{
	char name[USER_DIGITS + 1 + NAME_MAX + 1];
	struct dump key = { .name = name }, *p;
	size_t n = strlen(file), user = r->user != NULL ? strlen(r->user) + 1 : 0;

	if (n > NAME_MAX || r->d->count == r->first)
		return NULL;
	if (user > 0) {
		memcpy(name, r->user, user - 1);
		name[user - 1] = '/';
	}
	memcpy(name + user, file, n + 1);
	/* The longest name that is there: names have dots too. */
	for (char *dot; (dot = strrchr(name + user, '.')) != NULL && dot != name + user;) {
		*dot = '\0';
		p = bsearch(&key, r->d->dump + r->first, r->d->count - r->first, sizeof(key),
		    by_name);
		if (p != NULL)
			return p;
	}
	return NULL;
}

/* Whether the name is that of a part of a file: core-store leaves such. */
static int
is_part(const char *file)
{
	return has_suffix(file, strlen(file), STORE_PARTIAL);
}

/*
 * What becomes free with a file.  In the directory of a user it may be made of holes, or have
 * another name elsewhere.
 */
static uint64_t
bytes_freed(const struct reading *r, const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size, blocks = (uint64_t)st->st_blocks;

	if (r->user == NULL || st->st_nlink > 1)
		return r->user == NULL ? size : 0;
	return size / 512 < blocks ? size : 512 * blocks;
}

/* Takes a file's name and sizes; 0, or -1: memory. */
static int
note_file(const struct reading *r, const char *file, char **name, uint64_t *size, uint64_t *disk)
{
	struct stat st;

	if (fstatat(r->fd, file, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0;
	free(*name);
	*size = (uint64_t)st.st_size;
	*disk = bytes_freed(r, &st);
	return (*name = full_name(r, file, strlen(file))) == NULL ? -1 : 0;
}

static int
assign_file(const struct reading *r, struct dump *p, const char *file)
{
	const char *behind = file + strlen(p->name) - (r->user != NULL ? strlen(r->user) + 1 : 0);
	int partial = is_part(file);

	if (strncmp(behind, SMALL_INFIX, strlen(SMALL_INFIX)) == 0) {
		/* A whole one rather than a part, whatever the record says: its name tells. */
		if (p->small != NULL && (partial || !is_part(p->small)))
			return 0;
		return note_file(r, file, &p->small, &p->small_size, &p->small_disk);
	}
	/* A lost dump can have come as far as either. */
	if ((partial != (p->state == DUMP_PARTIAL) && p->state != DUMP_LOST) ||
	    p->state == DUMP_NONE || p->file != NULL)
		return 0;
	return note_file(r, file, &p->file, &p->size, &p->disk);
}

/* With all files known: what is left of it. */
static void
settle_state(struct dump *p)
{
	if (p->file == NULL && p->state <= DUMP_PARTIAL)
		p->state = DUMP_GONE;
	if (p->small != NULL && (p->state == DUMP_GONE || p->state == DUMP_NONE))
		p->state = DUMP_SMALL;
}

/* The records of one directory, then their files. */
static int
read_directory(struct reading *r, DIR *dir)
{
	struct dumps *d = r->d;
	struct dirent *e;
	int rc = 0;

	while (rc == 0 && (errno = 0, e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.' && has_suffix(e->d_name, strlen(e->d_name), RECORD_SUFFIX))
			rc = add_dump(r, e->d_name, strlen(e->d_name) - strlen(RECORD_SUFFIX));
	if (errno != 0)
		rc = -1;
	if (d->count > r->first)
		qsort(d->dump + r->first, d->count - r->first, sizeof(*d->dump), by_name);
	rewinddir(dir);
	while (rc == 0 && (e = readdir(dir)) != NULL) {
		struct dump *p = NULL;

		if (!has_suffix(e->d_name, strlen(e->d_name), RECORD_SUFFIX))
			p = find_owner(r, e->d_name);
		if (p != NULL)
			rc = assign_file(r, p, e->d_name);
	}
	for (size_t i = r->first; i < d->count; i++)
		settle_state(&d->dump[i]);
	return rc;
}

/* Opens the directory that fd is, anew; NULL with errno. */
static DIR *
list_anew(int fd)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir;

	if (own < 0)
		return NULL;
	if ((dir = fdopendir(own)) == NULL)
		io_close(own);
	return dir;
}

/*
 * Reads a user's directory; what cannot be read of it is passed over.  -1: memory, or it cannot be
 * opened.
 */
static int
read_user(struct dumps *d, int fd, const char *user)
{
	struct reading r = { .d = d, .user = user, .first = d->count };
	int rc = -1, saved;
	DIR *dir;

	if ((r.fd = dumps_open_user(fd, user)) < 0)
		return -1;
	r.left = record_budget(r.fd);
	if ((dir = list_anew(r.fd)) != NULL) {
		rc = read_directory(&r, dir) < 0 && errno == ENOMEM ? -1 : 0;
		saved = errno;
		closedir(dir);
		errno = saved;
	}
	saved = errno;
	io_close(r.fd);
	errno = saved;
	return rc;
}

static int
read_users(struct dumps *d, int fd, DIR *dir)
{
	struct dirent *e;
	size_t n;

	rewinddir(dir);
	while ((e = readdir(dir)) != NULL) {
		n = strlen(e->d_name);
		if (n <= USER_DIGITS && strspn(e->d_name, "0123456789") == n &&
		    read_user(d, fd, e->d_name) < 0 && errno == ENOMEM)
			return -1;
	}
	return 0;
}

int
dumps_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 && errno == EACCES ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : fd;
}

int
dumps_read(struct dumps *d, int fd, int flags)
{
	struct reading r = { .d = d, .fd = fd, .left = record_budget(fd) };
	char self[USER_DIGITS + 1];
	DIR *dir = list_anew(fd);
	int rc;

	if (dir != NULL) {
		rc = read_directory(&r, dir);
		if (rc == 0 && (flags & DUMPS_USERS))
			rc = read_users(d, fd, dir);
		closedir(dir);
	} else if (errno == EACCES && (flags & DUMPS_USERS)) {
		snprintf(self, sizeof(self), "%" PRIu32, (uint32_t)getuid());
		if ((rc = read_user(d, fd, self)) < 0 && errno != ENOMEM)
			errno = EACCES;
	} else {
		return -1;
	}
	if (d->count > 0)
		qsort(d->dump, d->count, sizeof(*d->dump), newest_first);
	return rc;
}

static int
is_name(const char *file, const char *name)
{
	return file != NULL && strcmp(file, name) == 0;
}

const struct dump *
dumps_find(const struct dumps *d, const char *name)
{
	int last = strcmp(name, "last") == 0;

	for (size_t i = 0; i < d->count; i++) {
		const struct dump *p = &d->dump[i];

		if (last && (p->file != NULL || p->small != NULL))
			return p;
		if (!last &&
		    (is_name(p->name, name) || is_name(p->file, name) || is_name(p->small, name)))
			return p;
	}
	return NULL;
}

const char *
dump_choice(const struct dump *d)
{
	int cut = d->state == DUMP_CUT || (d->file != NULL && is_part(d->file));

	if (d->file == NULL || (cut && d->small != NULL && !is_part(d->small)))
		return d->small;
	return d->file;
}

int
dumps_open_file(int fd, const char *name)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
	const char *slash = strchr(name, '/');
	char user[USER_DIGITS + 1];
	int dir, file, saved;

	if (slash == NULL)
		return openat(fd, name, flags);
	snprintf(user, sizeof(user), "%.*s", (int)(slash - name), name);
	if ((dir = dumps_open_user(fd, user)) < 0)
		return -1;
	file = openat(dir, slash + 1, flags);
	saved = errno;
	io_close(dir);
	errno = saved;
	return file;
}

void
dumps_free(struct dumps *d)
{
	for (size_t i = 0; i < d->count; i++) {
		free(d->dump[i].name);
		free(d->dump[i].file);
		free(d->dump[i].small);
		free(d->dump[i].record);
	}
	free(d->dump);
	memset(d, 0, sizeof(*d));
}
