#define _GNU_SOURCE
#include "kept/found.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/match.h"

struct search {
	struct kept_found *found;
	const struct core *core;
	struct image *image;
	const struct core_file *file;
};

static int
judge(void *arg, const struct kept_file *f)
{
	struct search *s = arg;
	struct kept_found *to = s->found;
	struct match m;
	int fits;

	if (f->fd < 0) {
		if (to->why == 0 && f->why != ENOENT && f->why != ENOTDIR) {
			to->why = f->why;
			snprintf(to->unopened, sizeof(to->unopened), "%s", f->path);
		}
		return 0;
	}
	if (match_module(s->core, s->image, s->file, f->fd, &m) != ELF_ID_OK)
		return 0;
	fits = m.verdict == MATCH_YES || (m.verdict == MATCH_UNKNOWN && f->sure);
	to->other |= f->kind == KEPT_PATH && m.verdict == MATCH_NO;
	if (!fits)
		return 0;
	if ((to->fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 3)) < 0) {
		to->why = errno;
		return 0;
	}
	to->kind = f->kind;
	to->sure = f->sure;
	snprintf(to->path, sizeof(to->path), "%s", f->path);
	return 1;
}

int
kept_found(struct kept_found *f, struct kept_sources *s, const struct core *c, struct image *i,
    const struct core_file *file)
{
	struct search search = { .found = f, .core = c, .image = i, .file = file };

	memset(f, 0, sizeof(*f));
	f->fd = -1;
	return kept_sources_offer(s, c, file, judge, &search);
}
