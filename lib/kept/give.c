#define _GNU_SOURCE
#include "kept/give.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "dumps/directory.h"
#include "kept/copy.h"
#include "kept/store.h"
#include "record/text.h"
#include "system/copy_file.h"
#include "system/deadline.h"
#include "system/owner.h"

/* The most lines of a record that are looked at. */
#define LINES KEPT_MODULES

/* A file, and what came of it; shared with the child. */
struct gift {
	const struct kept_options *o;
	const char *kind, *name;
	int to;			/* the user's directory, O_PATH */
	int source, paths;	/* of the list of paths, or -1 */
	int done, error;
};

/* The kind and the name in the value "0xSTART KIND/NAME"; whether they are good. */
static int
parse(const struct text_line *l, const char **kind, char name[KEPT_NAME])
{
	static const char *const kinds[] = { KEPT_BUILD_ID, KEPT_UUID, KEPT_DIGEST };
	const char *end = l->value + l->value_len, *blank = memchr(l->value, ' ', l->value_len);

	for (size_t k = 0; blank != NULL && k < sizeof(kinds) / sizeof(*kinds); k++) {
		size_t len = strlen(kinds[k]), left = (size_t)(end - blank - 1);

		if (left <= len || left - len - 1 >= KEPT_NAME || blank[1 + len] != '/' ||
		    memcmp(blank + 1, kinds[k], len) != 0)
			continue;
		*kind = kinds[k];
		snprintf(name, KEPT_NAME, "%.*s", (int)(left - len - 1), blank + len + 2);
		return kept_store_is_name(name);
	}
	return 0;
}

static int
copy_file(int item, const char *name, int from)
{
	struct store st;
	struct stat is;
	int rc, saved;

	if (fstat(from, &is) < 0 || kept_item_create(&st, item, name) < 0)
		return -1;
	rc = copy_file_bytes(from, st.fd, (uint64_t)is.st_size) < 0 ||
	    store_publish(&st, "", STORE_SYNC) < 0 ? -1 : 0;
	saved = errno;
	store_close(&st);
	errno = saved;
	return rc;
}

/* In the user's store, with the user's rights. */
static int
give_to(const struct gift *g, struct kept_store *s)
{
	struct stat is;
	int item, there, rc = 0;

	if (fstat(g->source, &is) < 0 || kept_store_make(s) < 0)
		return -1;
	if ((item = kept_item_open(s, g->kind, g->name, 1)) < 0)
		return -1;
	kept_item_touch(item);
	if ((there = kept_item_file(item)) < 0) {
		const uint64_t disk = (uint64_t)is.st_blocks * 512;
		const struct kept_new n = { .more = disk, .disk = disk };

		if (errno != ENOENT || kept_store_lock(s, KEPT_LOCK_MS / 10) < 0 ||
		    kept_make_room(s, &g->o->budget, &n) < 0 ||
		    copy_file(item, KEPT_FILE, g->source) < 0)
			rc = -1;
		/* The list comes last: a reader that finds none still has the record's line. */
		else if (g->paths >= 0 && copy_file(item, KEPT_PATHS_FILE, g->paths) < 0 &&
		    errno != EEXIST)
			rc = -1;
	} else {
		io_close(there);
	}
	return rc;
}

static void
give_one(void *arg)
{
	struct gift *g = arg;
	struct kept_store s;

	signal(SIGXFSZ, SIG_IGN);
	if (owner_take(g->o->uid, g->o->gid) == 0 && kept_store_open(&s, g->to, ".") == 0 &&
	    give_to(g, &s) == 0)
		g->done = 1;
	else
		g->error = errno;
}

/* Gives what one line names; 0, or -1 when it is said why not. */
static int
give_line(const struct kept_store *s, struct gift *g, int64_t end)
{
	int item = kept_item_open(s, g->kind, g->name, 0), rc = -1;
	int64_t left = end - now_ms();

	g->done = g->error = 0;
	g->source = item < 0 ? -1 : kept_item_file(item);
	g->error = errno;
	if (g->source >= 0) {
		g->paths = openat(item, KEPT_PATHS_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		rc = left <= 0 ? -1 : deadline_run(give_one, g,
		    left < KEPT_FILE_MS ? (int)left : KEPT_FILE_MS);
		if (rc < 0)
			g->error = ETIMEDOUT;
		if (g->paths >= 0)
			io_close(g->paths);
		io_close(g->source);
	}
	if (item >= 0)
		io_close(item);
	if (rc == 0 && g->done)
		return 0;
	g->o->tell(g->o->arg, 1, g->name, "not given", g->error);
	return -1;
}

/* Whether an earlier line names it too. */
static int
is_again(const char *text, const struct text_line *l)
{
	const char *kind, *other;
	char name[KEPT_NAME], same[KEPT_NAME];
	struct text_line before;

	if (!parse(l, &kind, name))
		return 1;
	while (text_next(&before, &text) && before.start < l->start)
		if (text_is(&before, "kept_module") && parse(&before, &other, same) &&
		    strcmp(kind, other) == 0 && strcmp(name, same) == 0)
			return 1;
	return 0;
}

static char *
read_record(const char *path)
{
	int fd = io_open_regular(path, 0);
	struct stat st;
	char *text = NULL;
	ssize_t n;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && st.st_size <= DUMPS_RECORD &&
	    (text = malloc((size_t)st.st_size + 1)) != NULL) {
		n = io_read(fd, text, (size_t)st.st_size);
		text[n < 0 ? 0 : n] = '\0';
	}
	io_close(fd);
	return text;
}

int
kept_give(const struct kept_give *give, const struct kept_options *o, const char *from,
    const char *to)
{
	char *text = read_record(give->record), name[KEPT_NAME];
	const char *next = text, *kind;
	int64_t end = now_ms() + o->ms;
	struct gift *g = deadline_memory(sizeof(*g));
	/* The user may not be able to get there, or have something there that never answers. */
	int lost = 0, dir = open(to, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct kept_store s;
	struct text_line l;

	if (text == NULL || g == NULL || dir < 0 || kept_store_open(&s, AT_FDCWD, from) < 0) {
		free(text);
		return -1;
	}
	for (int n = 0; n < LINES && text_next(&l, &next);) {
		if (!text_is(&l, "kept_module"))
			continue;
		n++;
		if (is_again(text, &l) || !parse(&l, &kind, name))
			continue;
		*g = (struct gift){ .o = o, .to = dir, .kind = kind, .name = name };
		if (s.modules < 0 || give_line(&s, g, end) < 0)
			lost++;
	}
	kept_store_close(&s);
	io_close(dir);
	deadline_free(g, sizeof(*g));
	free(text);
	return lost;
}
