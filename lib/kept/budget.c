#define _GNU_SOURCE
#include "kept/budget.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/io.h"
#include "dumps/directory.h"
#include "kept/copy.h"

/* The most kept modules that are looked at. */
#define ITEMS (1u << 20)

static const char *const kinds[] = { KEPT_BUILD_ID, KEPT_UUID, KEPT_DIGEST };
#define KINDS (sizeof(kinds) / sizeof(*kinds))

struct item {
	const char *kind;
	char name[KEPT_NAME];
	int64_t crashed;	/* when it was needed last, seconds */
	uint64_t disk;		/* bytes */
	int needed;
	int gone;		/* removed by now */
	int has_debug;		/* a debug file is there, which somebody else put there */
};

struct items {
	size_t count, room;
	struct item *item;
	uint64_t disk;		/* of all, bytes */
};

/* The next name in a directory that is not hidden, or that is; NULL at its end. */
static const char *
next_name(DIR *d, int hidden)
{
	struct dirent *e;

	while ((e = readdir(d)) != NULL)
		if (hidden ? store_hidden(e->d_name) : e->d_name[0] != '.')
			return e->d_name;
	return NULL;
}

static DIR *
open_list(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d == NULL && fd >= 0)
		io_close(fd);
	return d;
}

/* Removes a directory and the files in it. */
static void
remove_all(int dir, const char *name)
{
	DIR *d = open_list(dir, name);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		closedir(d);
	unlinkat(dir, name, AT_REMOVEDIR);
}

/* Finishes what a run was killed at. */
static void
remove_leftovers(const struct kept_store *s)
{
	DIR *d = open_list(s->modules, ".");
	const char *name;

	while (d != NULL && (name = next_name(d, 1)) != NULL)
		remove_all(s->modules, name);
	if (d != NULL)
		closedir(d);
}

/* Bytes of the files in a directory, and when it was touched last. */
static void
measure(int kind, struct item *item)
{
	DIR *d = open_list(kind, item->name);
	struct dirent *e;
	struct stat st;

	if (d == NULL)
		return;
	if (fstat(dirfd(d), &st) == 0)
		item->crashed = st.st_mtime;
	while ((e = readdir(d)) != NULL)
		if (strcmp(e->d_name, KEPT_DEBUG) == 0)
			item->has_debug = 1;
		else if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			item->disk += (uint64_t)st.st_blocks * 512;
	closedir(d);
}

static int
read_items(const struct kept_store *s, struct items *all)
{
	for (size_t k = 0; k < KINDS; k++) {
		DIR *d = open_list(s->modules, kinds[k]);
		const char *name;

		while (d != NULL && (name = next_name(d, 0)) != NULL) {
			struct item *i;

			if (!kept_store_is_name(name))
				continue;
			if (ARRAY_GROW(all->item, all->room, all->count, ITEMS) < 0) {
				closedir(d);
				return -1;
			}
			i = &all->item[all->count++];
			*i = (struct item){ .kind = kinds[k] };
			strcpy(i->name, name);
			measure(dirfd(d), i);
			all->disk += i->disk;
		}
		if (d != NULL)
			closedir(d);
	}
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int kind = strcmp(x->kind, y->kind);

	return kind != 0 ? kind : strcmp(x->name, y->name);
}

/* Those that nobody needs first, then by their last crash. */
static int
by_need(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->needed != y->needed)
		return x->needed - y->needed;
	return x->crashed < y->crashed ? -1 : x->crashed > y->crashed;
}

/* The module KIND/NAME that a line names is needed; text ends at the first byte that is no name. */
static void
need(struct items *all, const char *kind, const char *text)
{
	struct item key = { .kind = kind }, *found;
	size_t len = strspn(text, "0123456789abcdef");

	if (len >= sizeof(key.name))
		return;
	memcpy(key.name, text, len);
	found = bsearch(&key, all->item, all->count, sizeof(key), by_name);
	if (found != NULL)
		found->needed = 1;
}

/* kept_module=0xSTART KIND/NAME, and module=0xSTART-0xEND BUILDID PATH. */
static void
need_line(struct items *all, const char *line)
{
	static const char kept[] = "kept_module=", module[] = "module=";
	const char *what = strchr(line, ' ');

	if (what == NULL)
		return;
	what++;
	if (strncmp(line, module, strlen(module)) == 0)
		need(all, KEPT_BUILD_ID, what);
	else if (strncmp(line, kept, strlen(kept)) == 0)
		for (size_t k = 0; k < KINDS; k++) {
			size_t len = strlen(kinds[k]);

			if (strncmp(what, kinds[k], len) == 0 && what[len] == '/')
				need(all, kinds[k], what + len + 1);
		}
}

/* Finds what the dumps need that have a core, or get one. */
static int
read_needs(const struct kept_store *s, struct items *all)
{
	struct dumps d = { 0 };
	time_t now = time(NULL);

	if (all->count > 0)
		qsort(all->item, all->count, sizeof(*all->item), by_name);
	if (dumps_read(&d, s->dir, 0) < 0)
		return -1;
	for (size_t i = 0; i < d.count; i++) {
		const struct dump *dump = &d.dump[i];
		const char *line = dump->record, *end = line + dump->record_len;

		if (dump->state == DUMP_NONE || dump->state == DUMP_GONE)
			continue;
		/* Its newlines are NULs; one more is behind it. */
		for (; line != NULL && line < end; line += strlen(line) + 1)
			need_line(all, line);
	}
	dumps_free(&d);
	for (size_t i = 0; i < all->count; i++)
		if (all->item[i].crashed > now - KEPT_FRESH)
			all->item[i].needed = 1;
	return 0;
}

/* Takes a module away; 0, or -1 with errno. */
static int
remove_item(const struct kept_store *s, const struct item *i)
{
	char path[KEPT_NAME + 32], aside[32];
	uint64_t n;

	if (i->has_debug) {
		snprintf(path, sizeof(path), "%s/%s/" KEPT_FILE, i->kind, i->name);
		return unlinkat(s->modules, path, 0);
	}
	if (getrandom(&n, sizeof(n), 0) != (ssize_t)sizeof(n))
		return -1;
	snprintf(path, sizeof(path), "%s/%s", i->kind, i->name);
	snprintf(aside, sizeof(aside), ".gzcore.%016" PRIx64, n);
	if (renameat(s->modules, path, s->modules, aside) < 0)
		return -1;
	remove_all(s->modules, aside);
	return 0;
}

/* How many bytes must go so that there is room; and what digests have beyond their half of the limit. */
struct lack {
	uint64_t budget, space, digests;
};

static int
is_digest(const char *kind)
{
	return kind != NULL && strcmp(kind, KEPT_DIGEST) == 0;
}

static void
find_lack(const struct kept_store *s, const struct kept_budget *b, const struct items *all,
    const struct kept_new *n, struct lack *l)
{
	uint64_t in_all = all->disk + n->more, digests = is_digest(n->kind) ? n->more : 0, free;

	for (size_t k = 0; k < all->count; k++)
		digests += is_digest(all->item[k].kind) ? all->item[k].disk : 0;
	l->budget = b->most > 0 && in_all > b->most ? in_all - b->most : 0;
	l->digests = b->most > 0 && digests > b->most / 2 ? digests - b->most / 2 : 0;
	l->space = b->spare > 0 && store_free(s->modules, &free) == 0 &&
	    free < b->spare + n->disk ? b->spare + n->disk - free : 0;
}

static void
subtract(uint64_t *from, uint64_t n)
{
	*from -= n < *from ? n : *from;
}

/* Removes a module, unless nothing of it can go. */
static void
remove_for(const struct kept_store *s, const struct kept_budget *b, struct item *i, struct lack *l)
{
	if ((i->has_debug && i->disk == 0) || i->gone || (!b->only_say && remove_item(s, i) < 0))
		return;
	i->gone = 1;
	subtract(&l->budget, i->disk);
	subtract(&l->space, i->disk);
	if (is_digest(i->kind))
		subtract(&l->digests, i->disk);
	if (b->removed != NULL)
		b->removed(b->arg, i->kind, i->name, i->needed);
}

static int
remove_least(const struct kept_store *s, const struct kept_budget *b, struct items *all,
    const struct kept_new *n, struct lack *l)
{
	struct item *i = all->item, *end = i + all->count;

	if (all->count > 0)
		qsort(all->item, all->count, sizeof(*all->item), by_need);
	for (; i < end && !i->needed && (l->budget > 0 || l->space > 0); i++)
		remove_for(s, b, i, l);
	/* Free space is made by removing dumps: then these are needed no more. */
	for (i = all->item; i < end && l->budget > 0 && l->digests > 0; i++)
		if (is_digest(i->kind))
			remove_for(s, b, i, l);
	/* Any user can have any number of files with digests: beyond the half they cost no others. */
	if (!is_digest(n->kind) || l->digests == 0)
		for (i = all->item; i < end && l->budget > 0; i++)
			remove_for(s, b, i, l);
	errno = ENOSPC;
	return l->budget > 0 || l->space > 0 ? -1 : 0;
}

int
kept_make_room(const struct kept_store *s, const struct kept_budget *b, const struct kept_new *n)
{
	struct items all = { 0 };
	int rc = -1, saved;
	struct lack l;

	if (n->more > INT64_MAX || n->disk > INT64_MAX || (b->most > 0 && n->more > b->most)) {
		errno = ENOSPC;
		return -1;
	}
	if (!b->only_say)
		remove_leftovers(s);
	if (read_items(s, &all) == 0) {
		find_lack(s, b, &all, n, &l);
		if (l.budget == 0 && l.space == 0)
			rc = 0;
		else if (read_needs(s, &all) == 0)
			rc = remove_least(s, b, &all, n, &l);
	}
	saved = errno;
	free(all.item);
	errno = saved;
	return rc;
}
