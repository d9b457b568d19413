#define _GNU_SOURCE
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
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "dumps/remove.h"
#include "store/in_use.h"
#include "store/store.h"

#define RECORD_SUFFIX ".txt"
/* Between the name of a dump and the suffix of its small core. */
#define SMALL_INFIX ".small."
/* What a record counts at least against DUMPS_OF_OTHERS, bytes. */
#define DUMPS_LEAST 1024
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

const char *
dump_words(enum dump_state state)
{
	static const char *const words[] = { "whole", "cut", "partial", "none", "open", "gone", "lost",
		"small" };

	return words[state];
}

/* Whether a record without an end is still to get one: its handler has it marked, or is about to. */
static int
open_still(int fd, const struct stat *st)
{
	time_t now = time(NULL);

	return in_use(fd) || (st->st_mtime <= now && now - st->st_mtime < DUMPS_FRESH);
}

int
dump_waits(const struct dump *d)
{
	return d->state != DUMP_OPEN && *d->sent == '\0' && !d->pending;
}

/* How much is read of a directory. */
static uint64_t
budget(int dir)
{
	struct stat st;

	return fstat(dir, &st) == 0 && (st.st_uid == 0 || st.st_uid == geteuid()) ? UINT64_MAX : DUMPS_OF_OTHERS;
}

/* Reads a record, and its stat with the size that was read; NULL with errno, EINVAL when that is none. */
static char *
read_record(struct reading *r, const char *name, struct stat *st, int *open)
{
	int fd = openat(r->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	char *text = NULL;
	ssize_t n = -1;

	if (fd < 0)
		return NULL;
	errno = EINVAL;
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode) && st->st_size > 0 && st->st_size <= DUMPS_RECORD &&
	    (uint64_t)st->st_size <= r->left && (text = malloc((size_t)st->st_size + 1)) != NULL)
		n = io_pread(fd, text, (size_t)st->st_size, 0);
	/* The smallest takes memory too. */
	if (n > 0 && r->left != UINT64_MAX)
		r->left -= (uint64_t)n + DUMPS_LEAST < r->left ? (uint64_t)n + DUMPS_LEAST : r->left;
	*open = n > 0 && open_still(fd, st);
	io_close(fd);
	/* The first line is the identity, the second says that this is a record. */
	if (n <= 0 || strncmp(text, "uuid=", 5) != 0) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	st->st_size = n;
	return text;
}

/* Takes the values that are wanted out of the text, of which each line becomes a string. */
static void
take_values(struct dump *p, const char **stored, const char **complete, const char **pending)
{
	const struct {
		const char *key;
		const char **to;
	} want[] = {
		{ "time", &p->time }, { "comm", &p->comm }, { "signame", &p->signame }, { "uid", &p->uid }, { "uuid", &p->uuid },
		{ "build_id", &p->build_id }, { "fingerprint", &p->fingerprint }, { "exe", &p->exe },
		{ "pid", &p->pid }, { "bytes", &p->bytes }, { "host", &p->host }, { "object", &p->object },
		{ "object_whole", &p->object_whole }, { "sent", &p->sent }, { "small", &p->small_kept },
		{ "small_bytes", &p->small_bytes }, { "small_object", &p->small_object },
		{ "small_sent", &p->small_sent }, { "on_request", &p->on_request }, { "pending", pending },
		{ "container_owner", &p->container_owner }, { "stored", stored }, { "complete", complete },
	};
	char *next;

	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++)
		*want[i].to = "";
	/* A NUL, which a record has when it was damaged, ends a line too: what follows still counts. */
	for (char *line = p->record, *end = line + p->record_len; line < end; line = next) {
		size_t n = strcspn(line, "=\n");

		next = line + n + strcspn(line + n, "\n");
		*next++ = '\0';
		for (size_t i = 0; line[n] == '=' && i < sizeof(want) / sizeof(*want); i++)
			if (strlen(want[i].key) == n && memcmp(line, want[i].key, n) == 0)
				*want[i].to = line + n + 1;
	}
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
add(struct reading *r, const char *file, size_t len)
{
	const char *stored, *complete, *pending;
	time_t now = time(NULL);
	struct dumps *d = r->d;
	struct stat st;
	struct dump *p;
	int open;

	if (d->count == d->room) {
		size_t room = d->room == 0 ? 64 : 2 * d->room;

		if ((p = realloc(d->dump, room * sizeof(*p))) == NULL)
			return -1;
		d->dump = p;
		d->room = room;
	}
	p = &d->dump[d->count];
	memset(p, 0, sizeof(*p));
	if ((p->record = read_record(r, file, &st, &open)) == NULL)
		return errno == ENOMEM ? -1 : 0;
	if ((p->name = full_name(r, file, len)) == NULL) {
		free(p->record);
		return -1;
	}
	d->count++;
	p->record_size = (uint64_t)st.st_size;
	p->record_len = (size_t)st.st_size;
	take_values(p, &stored, &complete, &pending);
	/* A clock that was set back makes no record of the future wait for ever. */
	p->pending = *pending != '\0' && st.st_mtime <= now && now - st.st_mtime < DUMPS_PENDING;
	if (*complete == '\0')
		p->state = open ? DUMP_OPEN : DUMP_LOST;
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

	/* Of one second: higher is the number of the process, and the -1 of a name that was taken. */
	return rc != 0 ? rc : strverscmp(y->name, x->name);
}

static int
ends(const char *s, size_t n, const char *with)
{
	size_t k = strlen(with);

	return n > k && memcmp(s + n - k, with, k) == 0;
}

/* The dump, of those by name, whose file this may be: its name with a suffix that begins with a dot. */
static struct dump *
owner(const struct reading *r, const char *file)
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
		if ((p = bsearch(&key, r->d->dump + r->first, r->d->count - r->first, sizeof(key), by_name)) != NULL)
			return p;
	}
	return NULL;
}

/* Whether the name is that of a part of a file: core-store leaves such. */
static int
is_part(const char *file)
{
	return ends(file, strlen(file), STORE_PARTIAL);
}

/* What becomes free with a file.  In the directory of a user it may be made of holes, or have another name elsewhere. */
static uint64_t
frees(const struct reading *r, const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size, blocks = (uint64_t)st->st_blocks;

	if (r->user == NULL || st->st_nlink > 1)
		return r->user == NULL ? size : 0;
	return size / 512 < blocks ? size : 512 * blocks;
}

/* Takes a file's name and sizes; 0, or -1: memory. */
static int
take_name(const struct reading *r, const char *file, char **name, uint64_t *size, uint64_t *disk)
{
	struct stat st;

	if (fstatat(r->fd, file, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0;
	free(*name);
	*size = (uint64_t)st.st_size;
	*disk = frees(r, &st);
	return (*name = full_name(r, file, strlen(file))) == NULL ? -1 : 0;
}

static int
take_file(const struct reading *r, struct dump *p, const char *file)
{
	const char *behind = file + strlen(p->name) - (r->user != NULL ? strlen(r->user) + 1 : 0);
	int partial = is_part(file);

	if (strncmp(behind, SMALL_INFIX, strlen(SMALL_INFIX)) == 0) {
		/* A whole one rather than a part, whatever the record says: its name tells. */
		if (p->small != NULL && (partial || !is_part(p->small)))
			return 0;
		return take_name(r, file, &p->small, &p->small_size, &p->small_disk);
	}
	/* What was lost can have come as far as either. */
	if ((partial != (p->state == DUMP_PARTIAL) && p->state != DUMP_LOST) || p->state == DUMP_NONE || p->file != NULL)
		return 0;
	return take_name(r, file, &p->file, &p->size, &p->disk);
}

/* With all files known: what is left of it. */
static void
settle(struct dump *p)
{
	if (p->file == NULL && p->state <= DUMP_PARTIAL)
		p->state = DUMP_GONE;
	if (p->small != NULL && (p->state == DUMP_GONE || p->state == DUMP_NONE))
		p->state = DUMP_SMALL;
}

/* The records of one directory, then their files. */
static int
read_one(struct reading *r, DIR *dir)
{
	struct dumps *d = r->d;
	struct dirent *e;
	int rc = 0;

	while (rc == 0 && (errno = 0, e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.' && ends(e->d_name, strlen(e->d_name), RECORD_SUFFIX))
			rc = add(r, e->d_name, strlen(e->d_name) - strlen(RECORD_SUFFIX));
	if (errno != 0)
		rc = -1;
	if (d->count > r->first)
		qsort(d->dump + r->first, d->count - r->first, sizeof(*d->dump), by_name);
	rewinddir(dir);
	while (rc == 0 && (e = readdir(dir)) != NULL) {
		struct dump *p = ends(e->d_name, strlen(e->d_name), RECORD_SUFFIX) ? NULL : owner(r, e->d_name);

		if (p != NULL)
			rc = take_file(r, p, e->d_name);
	}
	for (size_t i = r->first; i < d->count; i++)
		settle(&d->dump[i]);
	return rc;
}

/* Opens the directory that fd is, anew; NULL with errno. */
static DIR *
list(int fd)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir;

	if (own < 0)
		return NULL;
	if ((dir = fdopendir(own)) == NULL)
		io_close(own);
	return dir;
}

/* Reads a user's directory; what cannot be read of it is passed over.  -1: memory, or it cannot be opened. */
static int
read_user(struct dumps *d, int fd, const char *user)
{
	struct reading r = { .d = d, .user = user, .first = d->count };
	int rc = -1, saved;
	DIR *dir;

	if ((r.fd = dumps_open_user(fd, user)) < 0)
		return -1;
	r.left = budget(r.fd);
	if ((dir = list(r.fd)) != NULL) {
		rc = read_one(&r, dir) < 0 && errno == ENOMEM ? -1 : 0;
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
		if (n <= USER_DIGITS && strspn(e->d_name, "0123456789") == n && read_user(d, fd, e->d_name) < 0 &&
		    errno == ENOMEM)
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
	struct reading r = { .d = d, .fd = fd, .left = budget(fd) };
	char self[USER_DIGITS + 1];
	DIR *dir = list(fd);
	int rc;

	if (dir != NULL) {
		rc = read_one(&r, dir);
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
is(const char *file, const char *name)
{
	return file != NULL && strcmp(file, name) == 0;
}

const struct dump *
dumps_find(const struct dumps *d, const char *name)
{
	int last = strcmp(name, "last") == 0;

	for (size_t i = 0; i < d->count; i++) {
		const struct dump *p = &d->dump[i];

		if (last ? p->file != NULL || p->small != NULL :
			   is(p->name, name) || is(p->file, name) || is(p->small, name))
			return p;
	}
	return NULL;
}

const char *
dump_choice(const struct dump *d)
{
	int cut = d->state == DUMP_CUT || (d->file != NULL && is_part(d->file));

	return d->file == NULL || (cut && d->small != NULL && !is_part(d->small)) ? d->small : d->file;
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
