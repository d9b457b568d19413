#define _GNU_SOURCE
#include "kept/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "kept/copy.h"
#include "system/deadline.h"

/* How often another handler may be faster with a name. */
#define TRIES 3
/*
 * After so many files that hang no more are tried: a child that waits for FUSE cannot always be
 * killed, and stays until its server answers or ends.
 */
#define HUNG 8

struct keeping {
	struct kept_store *store;
	const struct kept_options *o;
	struct kept_task *t;	/* shared with the children */
	int64_t end;		/* now_ms when the time is up */
	int hung;		/* files that did not answer */
};

/* Says what failed; returns -1. */
static int
fail(const struct keeping *k, const char *what, int error)
{
	k->o->tell(k->o->arg, 1, k->t->path, what, error);
	return -1;
}

/* Has a child do it; 0, or -1 when that is said already. */
static int
run(struct keeping *k, void (*step)(void *task))
{
	struct kept_task *t = k->t;
	int64_t left = k->end - now_ms(), most = left / 4;

	/* A file that hangs leaves time for the others, however many of them hang. */
	if (most > KEPT_FILE_MS)
		most = KEPT_FILE_MS;
	t->verdict = KEPT_FAILED;
	t->why = NULL;
	t->error = 0;
	if (left <= 0)
		return fail(k, "not kept: the time is up", 0);
	if (k->hung >= HUNG)
		return fail(k, "not kept: too many files do not answer", 0);
	if (deadline_run(step, t, (int)most) < 0) {
		k->hung += errno == ETIMEDOUT;
		return fail(k, errno == ETIMEDOUT ? "not kept: its file system does not answer" :
		    "not kept: its reader died", 0);
	}
	if (t->verdict == KEPT_FAILED)
		return fail(k, t->why != NULL ? t->why : "cannot be read", t->error);
	return 0;
}

static int
make_room(struct keeping *k, uint64_t more, uint64_t disk)
{
	const struct kept_new n = { .kind = k->t->kind, .more = more, .disk = disk };
	uint64_t most = k->o->budget.most;

	if (kept_make_room(k->store, &k->o->budget, &n) == 0)
		return 0;
	if (errno == ENOSPC && most > 0 && disk > most)
		return fail(k, "larger than what may be kept", 0);
	return fail(k, errno == ENOSPC ? "not kept: no room" : "not kept: no room is made", errno);
}

/* Gives the copy its name: 0; 1 if another has it; -1 when it is said. */
static int
publish(struct keeping *k, struct store *st)
{
	struct stat is;
	int rc = -1;

	if (fstat(st->fd, &is) < 0)
		return fail(k, "not kept", errno);
	if (kept_store_lock(k->store, KEPT_LOCK_MS) < 0)
		return fail(k, "not kept: the lock", errno);
	if (make_room(k, (uint64_t)is.st_blocks * 512, 0) == 0) {
		rc = store_publish(st, "", STORE_SYNC);
		if (rc < 0 && errno == EEXIST)
			rc = 1;
		else if (rc < 0)
			fail(k, "not kept", errno);
		else
			rc = 0;
	}
	kept_store_unlock(k->store);
	return rc;
}

/* Copies the file into the directory of its name: as publish. */
static int
copy(struct keeping *k, int item)
{
	struct store st;
	int rc;

	if (kept_store_lock(k->store, KEPT_LOCK_MS) < 0)
		return fail(k, "not kept: the lock", errno);
	rc = make_room(k, k->t->disk, k->t->disk);
	kept_store_unlock(k->store);
	if (rc < 0)
		return -1;
	if (kept_item_create(&st, item, KEPT_FILE) < 0)
		return fail(k, "not kept", errno);
	k->t->to = st.fd;
	rc = run(k, kept_copy);
	if (rc == 0)
		rc = publish(k, &st);
	store_close(&st);
	return rc;
}

/* Compares the file with what is kept there, or else copies it: as publish, 2 if it is another. */
static int
settle(struct keeping *k, int item)
{
	int rc;

	if ((k->t->kept = kept_item_file(item)) < 0)
		return errno == ENOENT ? copy(k, item) : fail(k, "not kept", errno);
	rc = run(k, kept_compare);
	io_close(k->t->kept);
	if (rc == 0 && k->t->verdict == KEPT_OTHER)
		rc = 2;
	return rc;
}

/* Keeps the file under the name that it has in the task: as settle. */
static int
keep_named(struct keeping *k)
{
	struct kept_task *t = k->t;
	int item, rc = 1;

	if (kept_store_make(k->store) < 0)
		return fail(k, "not kept: " KEPT_DIR, errno);
	for (int i = 0; rc == 1 && i < TRIES; i++) {
		if ((item = kept_item_open(k->store, t->kind, t->name, 1)) < 0)
			return fail(k, "not kept", errno);
		rc = settle(k, item);
		if (rc == 0) {
			kept_item_touch(item);
			/* A name that says nothing to a reader needs the path beside it. */
			if (strcmp(t->kind, KEPT_BUILD_ID) != 0 &&
			    kept_item_add_path(item, t->path) < 0)
				rc = fail(k, "its path is not noted", errno);
		}
		io_close(item);
		if (rc != 0)
			kept_item_drop(k->store, t->kind, t->name);
	}
	return rc == 1 ? fail(k, "not kept: others are faster", 0) : rc;
}

/* Names a file by its digest, and keeps it under that. */
static int
keep_digest(struct keeping *k)
{
	k->t->kind = KEPT_DIGEST;
	if (run(k, kept_name) < 0)
		return -1;
	return keep_named(k) == 0 ? 0 : -1;
}

/* Keeps the file of a module: 0 when it is there or need not be, -1 when it is said why not. */
static int
keep_one(struct keeping *k, const struct kept_module *m)
{
	const struct kept_options *o = k->o;
	struct kept_task *t = k->t;
	int rc;

	if (run(k, kept_look) < 0)
		return -1;
	if (t->verdict == KEPT_NO_MODULE)
		return 0;
	if (t->verdict == KEPT_FOUND) {
		o->tell(o->arg, 0, t->path, "is found at its path", 0);
		return 0;
	}
	if (o->only_say) {
		if (strcmp(t->kind, KEPT_DIGEST) == 0 && run(k, kept_name) < 0)
			return -1;
	} else if (strcmp(t->kind, KEPT_DIGEST) == 0) {
		if (keep_digest(k) < 0)
			return -1;
	} else if ((rc = keep_named(k)) != 0) {
		if (rc < 0)
			return -1;
		o->tell(o->arg, 0, t->path, "another file has the name that it claims", 0);
		if (keep_digest(k) < 0)
			return -1;
	}
	o->kept(o->arg, m->start, t->kind, t->name,
	    strcmp(t->kind, KEPT_DIGEST) == 0 ? t->owner : -1);
	return 0;
}

size_t
kept_keep(struct kept_store *s, const struct kept_held *h, const struct kept_options *o)
{
	struct keeping k = { .store = s, .o = o, .end = now_ms() + o->ms,
		.t = deadline_memory(sizeof(*k.t)) };
	size_t lost = 0;

	if (k.t == NULL) {
		o->tell(o->arg, 1, "memory", "not kept", errno);
		return h->shared->count;
	}
	for (size_t i = 0; i < h->shared->count; i++) {
		const struct kept_module *m = &h->shared->module[i];
		const char *path = h->shared->paths + m->path;

		*k.t = (struct kept_task){ .module = m, .head = h->shared->head[i], .path = path,
			.source = h->fd[i], .uid = o->uid, .gid = o->gid,
			.has_user = h->shared->has_user, .user = h->shared->uid,
			.group = h->shared->gid, .all = o->all,
			.most = o->budget.most > 0 ? o->budget.most : INT64_MAX };
		if (h->fd[i] < 0 || (m->head_len == 0 && !m->answered)) {
			o->tell(o->arg, 1, path, h->fd[i] < 0 ? "cannot be opened" :
			    "the memory of the process does not answer", h->fd[i] < 0 ?
			    m->why != 0 ? m->why : ETIMEDOUT : 0);
			lost++;
		} else if (m->head_len > 0 && keep_one(&k, m) < 0) {
			lost++;
		}
	}
	deadline_free(k.t, sizeof(*k.t));
	return lost;
}
