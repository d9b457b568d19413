#define _GNU_SOURCE
#include "kept/find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/io.h"
#include "record/record.h"

/* In the directory of the dumps. */
#define MODULES "modules"
#define EXECUTABLE "executable"
#define PATHS "paths"
/* The most bytes that are read of a list of paths, and of those of a kind. */
#define LIST (128u * 1024)
#define LISTS (4u * 1024 * 1024)
/* The most files that are tried for one module since a list has its path. */
#define NAMED 256
#define HEX "0123456789abcdef"

static const char *const kinds[] = { "buildid", "uuid", "digest" };
#define KINDS (sizeof(kinds) / sizeof(*kinds))
enum { BUILD_ID, UUID };

int
kept_find_open(struct kept_find *k, int dir, const char *path, uid_t user)
{
	size_t n = strlen(path);
	struct stat st;

	memset(k, 0, sizeof(*k));
	snprintf(k->path, sizeof(k->path), "%s%s" MODULES, path,
	    n > 0 && path[n - 1] == '/' ? "" : "/");
	k->dir = openat(dir, MODULES, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* A directory that may not be listed still has files. */
	if (k->dir < 0 && errno == EACCES)
		k->dir = openat(dir, MODULES, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (k->dir < 0) {
		k->why = errno != ENOENT ? errno : 0;
		return -1;
	}
	/* Where it may not be entered, nothing tells what is in it. */
	if (fstat(k->dir, &st) < 0 || faccessat(k->dir, ".", X_OK, AT_EACCESS) < 0)
		k->why = errno;
	else if (st.st_uid != 0 && st.st_uid != geteuid() && st.st_uid != user)
		k->why = EPERM;
	if (k->why == 0) {
		k->owner = st.st_uid;
		return 0;
	}
	io_close(k->dir);
	k->dir = -1;
	errno = k->why;
	return -1;
}

void
kept_find_close(struct kept_find *k)
{
	int saved = errno;

	for (size_t i = 0; i < k->entries; i++)
		if (k->entry[i].fd >= 0)
			io_close(k->entry[i].fd);
	for (size_t i = 0; i < k->lists; i++)
		free(k->list[i].path);
	free(k->list);
	free(k->entry);
	if (k->dir >= 0)
		io_close(k->dir);
	*k = (struct kept_find){ .dir = -1 };
	errno = saved;
}

/* Whether text[n] is KIND/HEX, and nothing that leads elsewhere. */
static int
is_name(const char *text, size_t n)
{
	for (size_t i = 0; i < KINDS; i++) {
		size_t len = strlen(kinds[i]);

		if (n > len + 2 && n < KEPT_FIND_NAME && memcmp(text, kinds[i], len) == 0 &&
		    text[len] == '/')
			return strspn(text + len + 1, HEX) >= n - len - 1;
	}
	return 0;
}

/* Opens a directory or a file below a directory, no link; -1 with errno. */
static int
open_below(int dir, const char *name, int flags)
{
	return openat(dir, name, O_NOFOLLOW | O_CLOEXEC | flags);
}

/* Opens KIND/HEX, a good name, as a directory. */
static int
open_folder(const struct kept_find *k, const char *name)
{
	const char *slash = strchr(name, '/');
	char kind[KEPT_FIND_NAME];
	int dir, fd, saved;

	if (k->dir < 0) {
		errno = ENOENT;
		return -1;
	}
	snprintf(kind, sizeof(kind), "%.*s", (int)(slash - name), name);
	if ((dir = open_below(k->dir, kind, O_PATH | O_DIRECTORY)) < 0)
		return -1;
	fd = open_below(dir, slash + 1, O_PATH | O_DIRECTORY);
	saved = errno;
	io_close(dir);
	errno = saved;
	return fd;
}

/* Opens a file in KIND/HEX; -1 with errno, EINVAL when it is none to read. */
static int
open_file(const struct kept_find *k, const char *name, const char *file)
{
	int folder = open_folder(k, name), fd, saved;
	struct stat st;

	if (folder < 0)
		return -1;
	fd = open_below(folder, file, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	saved = errno;
	io_close(folder);
	/* A file of somebody else, which a user linked or moved there, is not theirs to offer. */
	if (fd >= 0 && (fstat(fd, &st) < 0 || !io_stored(fd) || st.st_uid != k->owner)) {
		io_close(fd);
		fd = -1;
		saved = EINVAL;
	}
	errno = saved;
	return fd;
}

static int
is_known(const struct kept_find *k, uint64_t start, const char *name)
{
	for (size_t i = 0; i < k->entries; i++)
		if (k->entry[i].start == start && strcmp(k->entry[i].name, name) == 0)
			return 1;
	return 0;
}

static void
add(struct kept_find *k, uint64_t start, const char *name, size_t n, int now)
{
	struct kept_entry e = { .start = start, .fd = -1 };

	if (!is_name(name, n))
		return;
	memcpy(e.name, name, n);
	if (is_known(k, start, e.name) || (now && (e.fd = open_file(k, e.name, EXECUTABLE)) < 0))
		return;
	if (ARRAY_GROW(k->entry, k->room, k->entries, KEPT_FIND_MOST) < 0) {
		if (e.fd >= 0)
			io_close(e.fd);
		return;
	}
	k->entry[k->entries++] = e;
}

/* A line of n bytes: kept_module=0xSTART KIND/HEX, or module=0xSTART-0xEND BUILD_ID PATH. */
static void
take_line(struct kept_find *k, const char *line, size_t n, int now)
{
	static const char kept[] = "kept_module=0x", module[] = "module=0x";
	char text[2 * KEPT_FIND_NAME], name[KEPT_FIND_NAME], *end;
	const char *word;
	uint64_t start;
	size_t len;

	/* The path is not needed. */
	n = n < sizeof(text) ? n : sizeof(text) - 1;
	memcpy(text, line, n);
	text[n] = '\0';
	if ((word = strchr(text, ' ')) == NULL)
		return;
	word++;
	if (strncmp(text, kept, sizeof(kept) - 1) == 0) {
		start = strtoull(text + sizeof(kept) - 1, &end, 16);
		if (end + 1 == word && start != 0)
			add(k, start, word, strlen(word), now);
	} else if (now && strncmp(text, module, sizeof(module) - 1) == 0) {
		len = strcspn(word, " ");
		if (len <= 2 * ELF_ID_BUILD_ID_MAX) {
			snprintf(name, sizeof(name), "%s/%.*s", kinds[BUILD_ID], (int)len, word);
			add(k, 0, name, strlen(name), now);
		}
	}
}

void
kept_find_record(struct kept_find *k, const char *text, size_t len, int now)
{
	for (size_t at = 0, n; at < len && k->dir >= 0; at += n + 1) {
		for (n = 0; at + n < len && text[at + n] != '\n' && text[at + n] != '\0'; n++)
			continue;
		take_line(k, text + at, n, now);
	}
}

/* The kept files, and the callback that gets them one by one. */
struct offer {
	const struct kept_find *k;
	int (*each)(void *arg, int fd, const char *path, int sure);
	void *arg;
};

/* Offers KIND/HEX, which has been opened as fd, or not yet. */
static int
offer_file(const struct offer *o, const char *name, int opened, int sure)
{
	char path[PATH_MAX + KEPT_FIND_NAME + sizeof(EXECUTABLE) + 2];
	int fd = opened >= 0 ? opened : open_file(o->k, name, EXECUTABLE), rc;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	snprintf(path, sizeof(path), "%s/%s/" EXECUTABLE, o->k->path, name);
	rc = o->each(o->arg, fd, path, sure);
	if (fd >= 0 && fd != opened)
		io_close(fd);
	return rc;
}

/* Offers what the record says of a module: that of its address first. */
static int
offer_entries(const struct offer *o, const struct core_file *file, const char *name)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < o->k->entries; i++)
		if (o->k->entry[i].start == file->start)
			rc = offer_file(o, o->k->entry[i].name, o->k->entry[i].fd, 1);
	for (size_t i = 0; rc == 0 && name != NULL && i < o->k->entries; i++)
		if (o->k->entry[i].start == 0 && strcmp(o->k->entry[i].name, name) == 0)
			rc = offer_file(o, name, o->k->entry[i].fd, 0);
	return rc;
}

/* Takes the paths in the list of KIND/HEX; returns how many bytes it has. */
static size_t
take_list(struct kept_find *k, const char *name)
{
	int fd = open_file(k, name, PATHS);
	char *text = fd >= 0 ? malloc(LIST + 1) : NULL, *next;
	ssize_t n = text != NULL ? io_pread(fd, text, LIST, 0) : -1;
	struct kept_path p;

	if (fd >= 0)
		io_close(fd);
	if (n > 0)
		text[n] = '\0';
	for (char *line = n > 0 ? text : NULL; line != NULL && *line != '\0'; line = next) {
		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		record_unescape(line);
		strcpy(p.name, name);
		if (ARRAY_GROW(k->list, k->lists_room, k->lists, KEPT_FIND_PATHS) < 0 ||
		    (p.path = strdup(line)) == NULL)
			break;
		k->list[k->lists++] = p;
	}
	free(text);
	return n > 0 ? (size_t)n : 0;
}

/* Takes the lists of paths of a kind, at most so many bytes. */
static void
take_lists(struct kept_find *k, const char *kind, size_t most)
{
	int fd = open_below(k->dir, kind, O_RDONLY | O_DIRECTORY);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *e;
	char name[KEPT_FIND_NAME];

	for (size_t n = 0, bytes = 0; d != NULL && n < KEPT_FIND_MOST && bytes < most; n++) {
		int len;

		if ((e = readdir(d)) == NULL)
			break;
		len = snprintf(name, sizeof(name), "%s/%s", kind, e->d_name);
		if (len > 0 && (size_t)len < sizeof(name) && is_name(name, (size_t)len))
			bytes += take_list(k, name);
	}
	if (d != NULL)
		closedir(d);
	else if (fd >= 0)
		io_close(fd);
}

/* Offers the files whose list has the module's path. */
static int
offer_named(struct kept_find *k, const struct offer *o, const char *path)
{
	const char *last = "";
	int rc = 0, offered = 0;

	if (!k->listed) {
		for (size_t i = UUID; i < KINDS; i++)
			take_lists(k, kinds[i], LISTS);
		k->listed = 1;
	}
	/* A list is read at once: one that has a path ten thousand times offers its file once. */
	for (size_t i = 0; rc == 0 && i < k->lists && offered < NAMED; i++)
		if (strcmp(k->list[i].path, path) == 0 && strcmp(k->list[i].name, last) != 0) {
			rc = offer_file(o, last = k->list[i].name, -1, 0);
			offered++;
		}
	return rc;
}

/* KIND/HEX of the identity that the core has of a module; NULL: it has none. */
static const char *
name_of(const struct core_file *file, char name[KEPT_FIND_NAME])
{
	const struct core_module *m = file->module;
	const uint8_t *bytes = m == NULL ? NULL : m->build_id_len > 0 ? m->build_id : m->uuid;
	size_t len = m == NULL ? 0 : m->build_id_len > 0 ? m->build_id_len :
	    m->has_uuid					 ? ELF_ID_UUID :
							   0;
	int at;

	if (len == 0)
		return NULL;
	at = snprintf(name, KEPT_FIND_NAME, "%s/", kinds[m->build_id_len > 0 ? BUILD_ID : UUID]);
	for (size_t i = 0; i < len; i++)
		at += snprintf(name + at, KEPT_FIND_NAME - (size_t)at, "%02x", bytes[i]);
	return name;
}

int
kept_find_offer(struct kept_find *k, const struct core_file *file,
    int (*each)(void *arg, int fd, const char *path, int sure), void *arg)
{
	const struct offer o = { .k = k, .each = each, .arg = arg };
	char text[KEPT_FIND_NAME];
	const char *name = name_of(file, text);
	int rc;

	if (k->why != 0) {
		errno = k->why;
		return each(arg, -1, k->path, 0);
	}
	if ((rc = offer_entries(&o, file, name)) != 0 || k->dir < 0)
		return rc;
	if (name != NULL && (rc = offer_file(&o, name, -1, 0)) != 0)
		return rc;
	/* A build-id is on its own: a file that is kept by its path has none. */
	if ((file->module != NULL && file->module->build_id_len > 0) || *file->path == '\0')
		return 0;
	return offer_named(k, &o, file->path);
}
