#define _GNU_SOURCE
#include "kept/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "dumps/values.h"
#include "record/record.h"
#include "system/rooted.h"

/* What the kernel puts behind the path of a mapped file that has no name any more: proc(5). */
#define DELETED " (deleted)"

/* The value of a key in a record of len bytes, unescaped, in value[PATH_MAX]; "" when it has none. */
static void
take_value(const char *text, size_t len, const char *key, char value[PATH_MAX])
{
	size_t n, k = strlen(key);

	value[0] = '\0';
	for (size_t at = 0; at < len; at += n + 1) {
		for (n = 0; at + n < len && text[at + n] != '\n' && text[at + n] != '\0'; n++)
			continue;
		if (n <= k || n - k >= PATH_MAX || memcmp(text + at, key, k) != 0)
			continue;
		memcpy(value, text + at + k, n - k);
		value[n - k] = '\0';
		record_unescape(value);
		return;
	}
}

/*
 * Opens the root directory of the process.  For the reader of a crash, who is root until then and may enter what nobody
 * else may, its path has no links, as the kernel had it: a user may have put one there since.
 */
static int
open_old_root(const char *path, int now)
{
	int fd = rooted_root(path);
	char link[32], to[PATH_MAX];
	ssize_t n;

	if (fd < 0 || !now)
		return fd;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, to, sizeof(to));
	if (n > 0 && (size_t)n == strlen(path) && memcmp(to, path, (size_t)n) == 0)
		return fd;
	io_close(fd);
	return -1;
}

/* Takes what a record says. */
static void
take_record(struct kept_sources *s, const char *text, size_t len, int now)
{
	take_value(text, len, "exe=", s->exe);
	take_value(text, len, "root=", s->old_root_path);
	if (s->old_root_path[0] == '/' && s->old_root_path[1] != '\0')
		s->old_root = open_old_root(s->old_root_path, now);
	kept_find_record(&s->kept, text, len, now);
}

/* Reads the record beside a core's file, and takes what it says: that of the longest name that is there. */
static void
find_record(struct kept_sources *s, int dir, const char *file, int now)
{
	char name[NAME_MAX + sizeof(".txt")];
	uint64_t left = DUMPS_RECORD;
	struct dump d;

	if (strlen(file) > NAME_MAX)
		return;
	strcpy(name, file);
	for (char *dot; (dot = strrchr(name, '.')) != NULL && dot != name; *dot = '\0') {
		strcpy(dot, ".txt");
		memset(&d, 0, sizeof(d));
		if (dump_values_read(&d, dir, name, &left) == 0) {
			take_record(s, d.record, d.record_len, now);
			free(d.record);
			return;
		}
	}
}

/* Opens the kept files in the directory of the core's file. */
static void
look_beside(struct kept_sources *s, const struct operand *o, const char *operand, int now)
{
	const char *path = o->file[0] != '\0' ? o->file : operand, *slash;
	char dir[PATH_MAX], full[PATH_MAX];
	struct stat st;
	int fd;

	if (path == NULL || strcmp(path, "-") == 0 || strlen(path) >= sizeof(dir) ||
	    fstat(o->fd, &st) < 0)
		return;
	strcpy(dir, path);
	slash = strrchr(path, '/');
	if (slash == NULL)
		strcpy(dir, ".");
	else
		dir[slash == path ? 1 : slash - path] = '\0';
	if ((fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		return;
	/* Debuggers are given links to these. */
	(void)kept_find_open(&s->kept, fd, realpath(dir, full) != NULL ? full : dir, st.st_uid);
	if (o->dump != NULL)
		take_record(s, o->dump->record, o->dump->record_len, now);
	else
		find_record(s, fd, slash == NULL ? path : slash + 1, now);
	io_close(fd);
}

int
kept_sources_open(struct kept_sources *s, const struct operand *o, const char *operand,
    const char *root, int now)
{
	memset(s, 0, sizeof(*s));
	s->kept.dir = s->root = s->old_root = -1;
	look_beside(s, o, operand, now);
	if (root == NULL)
		return 0;
	if (realpath(root, s->root_path) == NULL)
		return -1;
	s->root = rooted_root(s->root_path);
	return s->root < 0 ? -1 : 0;
}

void
kept_sources_close(struct kept_sources *s)
{
	kept_find_close(&s->kept);
	if (s->root >= 0)
		io_close(s->root);
	if (s->old_root >= 0)
		io_close(s->old_root);
	s->root = s->old_root = -1;
}

int
kept_sources_any(const struct kept_sources *s)
{
	return s->kept.dir >= 0 || s->root >= 0 || s->old_root >= 0;
}

/* To whom files are offered. */
struct offer {
	int (*each)(void *arg, const struct kept_file *f);
	void *arg;
};

static int
offer_kept(void *arg, int fd, const char *path, int sure)
{
	const struct offer *o = arg;
	const struct kept_file f = { .fd = fd, .why = fd < 0 ? errno : 0, .path = path,
		.kind = KEPT_BESIDE, .sure = sure };

	return o->each(o->arg, &f);
}

/* The path of the open file, by which it can be opened again, in full[len]; else it stays what it was. */
static void
resolve(int fd, char *full, size_t len)
{
	char link[32], to[PATH_MAX];
	struct stat here, there;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, to, sizeof(to) - 1);
	if (n <= 0 || (size_t)n >= len)
		return;
	to[n] = '\0';
	/* The name may mean another file here than in the name space of the root. */
	if (fstat(fd, &here) == 0 && stat(to, &there) == 0 && here.st_dev == there.st_dev &&
	    here.st_ino == there.st_ino)
		memcpy(full, to, (size_t)n + 1);
}

/* Offers a path below a root directory, or for KEPT_PATH as it is. */
static int
offer_path(const struct offer *o, enum kept_kind kind, int root, const char *below,
    const char *path)
{
	char full[2 * PATH_MAX];
	struct kept_file f = { .path = full, .kind = kind };
	int rc;

	snprintf(full, sizeof(full), "%s%s", below, path);
	f.fd = kind == KEPT_PATH ? io_open_regular(path, 1) : rooted_open(root, path);
	f.why = f.fd < 0 ? errno : 0;
	if (f.fd < 0 && kind != KEPT_PATH && (f.why == ENOENT || f.why == ENOTDIR))
		return 0;
	if (f.fd >= 0 && kind != KEPT_PATH)
		resolve(f.fd, full, sizeof(full));
	rc = o->each(o->arg, &f);
	if (f.fd >= 0)
		io_close(f.fd);
	return rc;
}

/* The path in the core, without what the kernel puts behind it; NULL when it is too long, or not absolute. */
static const char *
path_of(const struct core_file *file, char path[PATH_MAX])
{
	size_t n = strlen(file->path), k = strlen(DELETED);

	if (n >= PATH_MAX || *file->path != '/')
		return NULL;
	memcpy(path, file->path, n + 1);
	if (n > k && strcmp(path + n - k, DELETED) == 0)
		path[n - k] = '\0';
	return path;
}

int
kept_sources_offer(struct kept_sources *s, const struct core *c, const struct core_file *file,
    int (*each)(void *arg, const struct kept_file *f), void *arg)
{
	struct offer o = { .each = each, .arg = arg };
	const char *exe = s->exe[0] == '/' && file == c->exe ? s->exe : NULL, *path;
	char buf[PATH_MAX];
	int rc = kept_find_offer(&s->kept, file, offer_kept, &o);

	if ((path = path_of(file, buf)) == NULL && (path = exe) == NULL)
		return rc;
	if (exe != NULL && strcmp(exe, path) == 0)
		exe = NULL;
	if (rc == 0 && s->root >= 0)
		rc = offer_path(&o, KEPT_ROOT, s->root, s->root_path, path);
	if (rc == 0 && s->root >= 0 && exe != NULL)
		rc = offer_path(&o, KEPT_ROOT, s->root, s->root_path, exe);
	if (rc == 0)
		rc = offer_path(&o, KEPT_PATH, -1, "", path);
	if (rc == 0 && s->old_root >= 0)
		rc = offer_path(&o, KEPT_OLD_ROOT, s->old_root, s->old_root_path, path);
	if (rc == 0 && exe != NULL)
		rc = offer_path(&o, KEPT_PATH, -1, "", exe);
	return rc;
}
