#define _GNU_SOURCE
#include "store/job.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "store/leftovers.h"
#include "store/queue.h"
#include "store/room.h"
#include "store/store.h"

static void say(const struct job *j, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
say(const struct job *j, const char *format, ...)
{
	char text[PATH_MAX + 256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	j->say(text);
}

/* Names each stage that failed; returns how many did. */
static int
count_failed(const struct job *j)
{
	const struct stages *p = j->stages;
	int failed = 0;

	for (int i = 0; i < p->count; i++) {
		const struct stage *s = &p->stage[i];
		const char *name = s->argv[0] != NULL ? s->argv[0] : "copy";

		if (stage_ok(s))
			continue;
		failed++;
		if (i == 0 && p->most > 0 && WIFEXITED(s->status) &&
		    WEXITSTATUS(s->status) == EOVERFLOW)
			say(j, "copy: the input has over %ju bytes: the rest was not read",
			    (uintmax_t)p->most);
		else if (s->error != 0)
			say(j, "%s: not started: %s", name, strerror(s->error));
		else if (s->argv[0] == NULL && WIFEXITED(s->status))
			say(j, "%s: %s", name, strerror(WEXITSTATUS(s->status)));
		else if (WIFSIGNALED(s->status))
			say(j, "%s: killed by signal %d (%s)", name, WTERMSIG(s->status),
			    strsignal(WTERMSIG(s->status)));
		else
			say(j, "%s: exit status %d", name, WEXITSTATUS(s->status));
	}
	return failed;
}

/* Gives the file its name; 0, or -1 with errno when it has none. */
static int
publish(const struct job *j, struct store *s, const char *suffix, const char *path)
{
	int rc = store_publish(s, suffix, j->flags);

	if (rc == 1)
		say(j, "%s%s: stored, but its directory was not synced: %s", path, suffix,
		    strerror(errno));
	return rc;
}

/* Keeps what is there under the name of a partial file; returns the exit status. */
static int
keep_partial(const struct job *j, struct store *s, const char *path)
{
	struct stat st;

	if (fstat(s->fd, &st) < 0 || st.st_size == 0 || j->whole_only) {
		say(j, "%s: nothing was stored", path);
		return 2;
	}
	if (publish(j, s, STORE_PARTIAL, path) < 0) {
		say(j, "%s%s: nothing was stored: %s", path, STORE_PARTIAL, strerror(errno));
		return 2;
	}
	say(j, "%s%s: kept: not whole", path, STORE_PARTIAL);
	return 1;
}

static uint64_t
limit(void *room)
{
	return room_now(room);
}

/* Starts the stages and waits for them; whether all did their work, else says which did not. */
static int
run(const struct job *j, int out, const char *path)
{
	struct stages *p = j->stages;
	int sig;

	stages_block();
	if (stages_start(p, out) < 0) {
		say(j, "no process or pipe: %s", strerror(errno));
		return 0;
	}
	/* The record was made in a hurry; nothing waits for its sync any more. */
	if (j->marked >= 0 && (j->flags & STORE_SYNC))
		fsync(j->marked);
	sig = stages_wait(p);
	if (sig == SIGALRM)
		say(j, "%s: not done in %d s", path, p->seconds);
	else if (sig != 0)
		say(j, "%s: ended by signal %d (%s)", path, sig, strsignal(sig));
	return count_failed(j) == 0 && sig == 0;
}

int
job_pass(const struct job *j)
{
	if (!run(j, STDOUT_FILENO, "<stdout>"))
		return 2;
	if (io_close(STDOUT_FILENO) == 0)
		return 0;
	say(j, "<stdout>: write: %s", strerror(errno));
	return 2;
}

/* Whether the file can be stored under its name, for its owner, and now; else says why not. */
static int
prepare(const struct job *j, struct store *s, struct room *room, const char *path)
{
	if (store_taken(s, j->flags)) {
		say(j, "%s: %s", path,
		    j->flags & STORE_REPLACE ? "not a regular file" : strerror(EEXIST));
		return 0;
	}
	if (store_protect(s, j->uid, j->gid, j->mode) < 0) {
		say(j, "%s: owner or mode: %s", path, strerror(errno));
		return 0;
	}
	if (j->places > 0 && (room->queue = queue_enter(s->dir, j->places, j->wait)) < 0) {
		if (errno == ETIMEDOUT)
			say(j, "%s: no place in %d s among the %d that store at once", path,
			    j->wait, j->places);
		else
			say(j, "%s: queue: %s", path, strerror(errno));
		return 0;
	}
	room_join(room);
	return 1;
}

int
job_store(const struct job *j, const char *path)
{
	struct stages *p = j->stages;
	struct store s;
	struct room room = { .queue = -1, .places = j->places };
	int sync = j->flags & STORE_SYNC, hidden, status = 0;

	if (store_open(&s, path) < 0) {
		say(j, "%s: %s", path, strerror(errno));
		return 2;
	}
	room.fd = s.fd;
	room.most = disk_part_bytes(&j->most, s.fd);
	room.spare = disk_part_bytes(&j->spare, s.fd);
	if (room.most != UINT64_MAX || room.spare > 0) {
		p->limit = limit;
		p->limit_arg = &room;
	}
	if (store_open_to_all(&s))
		say(j, "%s: everyone may write to its directory", path);
	/*
	 * Where files have hidden names, leftovers may be large and in the way of this one;
	 * elsewhere they can wait.
	 */
	hidden = s.hidden[0] != '\0';
	if (hidden && sync)
		leftovers_remove(s.dir);
	if (!prepare(j, &s, &room, path)) {
		status = 2;
	} else if (!run(j, s.fd, path)) {
		status = keep_partial(j, &s, path);
	} else if (publish(j, &s, "", path) < 0) {
		say(j, "%s: %s", path, strerror(errno));
		status = keep_partial(j, &s, path);
	}
	if (!hidden && sync)
		leftovers_remove(s.dir);
	store_close(&s);
	return status;
}
