#define _GNU_SOURCE
#include "crash/begin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "crash/claim.h"
#include "crash/loop_record.h"
#include "crash/merge.h"
#include "crash/name.h"
#include "record/text.h"
#include "store/in_use.h"
#include "store/store.h"

/* The line of the record of a crash that had no place. */
#define NO_PLACE "error=core-record: no place: too many crashes of users are being stored\n"

enum begin_kind
begin_kind(const char *name)
{
	static const char *const names[] = { [BEGIN_IDENTITY] = "identity", [BEGIN_UNIT] = "unit",
		[BEGIN_CONTAINER] = "container", [BEGIN_USER] = "user" };
	int i = 0;

	while (i < BEGIN_NO_KIND && strcmp(name, names[i]) != 0)
		i++;
	return (enum begin_kind)i;
}

/* Whether the fact is there and has this value. */
static int
has(const char *lines, const char *key, const char *value)
{
	size_t len;
	const char *found = text_value(lines, key, &len);

	return found != NULL && strlen(value) == len && memcmp(found, value, len) == 0;
}

/* Decides whose the dump is, and whose it will be. */
static void
find_owner(struct begun *b, const struct begin_options *o)
{
	const struct kernel_words *w = &b->words;
	int crashed = strcmp(o->owner, "crashed") == 0;
	const char *lines = b->facts.lines, *heir;
	size_t len;

	b->owner = crashed ? "root:root" : o->owner;
	b->mode = o->mode;
	b->heir[0] = '\0';
	if (*w->dumpable != '\0' && strcmp(w->dumpable, "1") != 0) {
		/*
		 * It had rights that others must not see: the kernel would have made its core
		 * root's alone.
		 */
		b->owner = "root:root";
		b->mode = 0600;
		return;
	}
	/* A user may see only what is known to act as that user, by the kernel and by itself. */
	if (!crashed || *w->dumpable == '\0' || !has(lines, "rights", "user") ||
	    !has(lines, "uid", w->uid) || !has(lines, "gid", w->gid))
		return;
	if ((heir = text_value(lines, "container_owner", &len)) == NULL) {
		heir = w->uid;
		len = strlen(heir);
	}
	if (len > 0 && *heir != '0' && len < sizeof(b->heir))
		snprintf(b->heir, sizeof(b->heir), "%.*s", (int)len, heir);
}

/* Finds who is charged. */
static void
find_payer(struct begun *b, FILE *log)
{
	struct payers payers = { 0 };
	char owner[16] = "";
	size_t len;
	const char *found = text_value(b->facts.lines, "container_owner", &len);

	if (found != NULL && len < sizeof(owner))
		snprintf(owner, sizeof(owner), "%.*s", (int)len, found);
	if (payers_read(&payers, PAYERS_FILE) < 0)
		text_print(log, "log=%s: %s\n", PAYERS_FILE, strerror(errno));
	b->payer = payers_of(&payers, b->words.uid, owner);
	payers_free(&payers);
}

/* Finds what may be stored of a user's crash, for which the kernel has a limited number of places. */
static enum place
find_place(struct begun *b, const struct begin_options *o, FILE *log)
{
	uint32_t places = o->places > 0 ? o->places : places_limit();

	if (o->places_fd < 0 || b->payer.service)
		return PLACE_WHOLE;
	if (places > 0 && places_take(o->places_fd, places, b->payer.uid, &b->place) < 0)
		text_print(log, "log=places: %s\n", strerror(errno));
	if (b->place == PLACE_SMALL && !o->small)
		b->place = PLACE_NONE;
	return b->place;
}

/* Finds the name by the template. */
static void
find_name(struct begun *b, const struct begin_options *o, FILE *log)
{
	const struct kernel_words *w = &b->words;
	struct name n;

	if (name_make(&n, o->template, b->facts.lines) == 0) {
		claim_own_name(b->name, n.text, o->suffix);
		return;
	}
	text_print(log, "log=%s\n", n.why);
	snprintf(b->name, sizeof(b->name), "core.%s.%s", *w->pid != '\0' ? w->pid : "0",
	    *w->epoch != '\0' ? w->epoch : "0");
}

/* Writes the value of a key behind some text, if the key is there. */
static void
put_value(FILE *to, const char *before, const char *lines, const char *key)
{
	size_t len;
	const char *value = text_value(lines, key, &len);

	if (value != NULL)
		text_print(to, "%s%.*s", before, (int)len, value);
}

/* Writes by what the process is known, and its user: a crash of another user does not count. */
static void
put_identity(FILE *to, const char *lines, const char *uid)
{
	static const char *const keys[] = { "uuid", "build_id", "exe", "comm" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		size_t len;
		const char *value = text_value(lines, keys[i], &len);

		if (value != NULL && len > 0) {
			text_print(to, "%s %.*s of user %s", keys[i], (int)len, value, uid);
			return;
		}
	}
	fputs("unknown", to);
}

/* Finds what crashes of the same kind have in common, for people to read; NULL: memory. */
static char *
find_kind(const struct begun *b, enum begin_kind by)
{
	const char *lines = b->facts.lines;
	char *kind;
	size_t size;
	FILE *to = open_memstream(&kind, &size);

	if (to == NULL)
		return NULL;
	if (by == BEGIN_UNIT) {
		put_value(to, "unit ", lines, "unit");
		put_value(to, " ", lines, "user_unit");
	} else if (by == BEGIN_CONTAINER) {
		put_value(to, "container ", lines, "container");
	} else if (by == BEGIN_USER) {
		text_print(to, "user %s", b->words.uid);
	}
	if (ftell(to) == 0)
		put_identity(to, lines, b->words.uid);
	text_close(to, &kind);
	return kind;
}

/* Counts the crash, unless its record cannot be begun for want of room, and begins the record. */
static void
count(struct begun *b, const struct begin_options *o, const struct claim *claim, struct loops *l,
    int dir, FILE *log)
{
	struct loop *one = loops_one(l, b->kind, &b->payer, o->seconds);
	int alone = 0;

	if (one->count > o->most) {
		b->beyond = one->count - o->most;
		if (!o->small && loop_record_ok(b->record))
			alone = loop_record_count(one, b->beyond, o->dir, dir, b->name, b->record,
				    &claim->owner) == 0;
		if (!o->small && !alone)
			text_print(log, "log=%s/%s.txt: %s\n", o->shown, b->name, strerror(errno));
	}
	if (alone) {
		strcpy(b->name, one->name);
		b->verdict = BEGIN_ALONE;
	} else {
		/* It has its own record; only beside a small core that says how many there were. */
		if (!o->small)
			b->beyond = 0;
		b->verdict = claim_name(claim, b, log);
	}
	if (b->verdict == BEGIN_ROOM)
		loops_close(l);
	else if (loops_save(l) < 0)
		text_print(log, "log=%s/%s: %s\n", o->shown, LOOPS_FILE, strerror(errno));
}

/* Begins the record, counting the crash where that is wanted and can be done. */
static void
decide(struct begun *b, const struct begin_options *o, const struct claim *claim, FILE *log)
{
	struct loops *l = o->most == 0 ? NULL : malloc(sizeof(*l));
	int dir = -1;

	if (l != NULL) {
		mkdir(o->dir, 0700);
		dir = open(o->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (dir >= 0 && loops_open(l, dir) == 0) {
		count(b, o, claim, l, dir, log);
	} else {
		if (l != NULL)
			text_print(log, "log=%s/%s: %s\n", o->shown, LOOPS_FILE, strerror(errno));
		b->verdict = claim_name(claim, b, log);
	}
	if (dir >= 0)
		io_close(dir);
	free(l);
}

/* The lines of the record: as they came, or finished where nothing will follow; NULL: memory. */
static char *
compose(const struct begun *b, const struct begin_options *o, int finished)
{
	char *text;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (to == NULL)
		return NULL;
	if (finished)
		merge_facts(to, b->facts.lines, "", o->with_private);
	else if (o->with_private)
		fputs(b->facts.lines, to);
	else
		merge_open(to, b->facts.lines);
	if (finished)
		text_print(to, "%s%s%sstored=no\ncomplete=no\n", b->facts.environment,
		    b->place == PLACE_NONE ? NO_PLACE : "", o->small ? "small=no\n" : "");
	text_close(to, &text);
	return text;
}

/* How many bytes must stay free in the directory, which is made for that when it is missing. */
static uint64_t
find_spare(const struct begin_options *o)
{
	if (o->spare.percent != 0)
		mkdir(o->dir, 0700);
	return disk_part_bytes_of(&o->spare, o->dir);
}

/* Opens the record that was begun, so that it is in use as long as it is open; -1: it cannot be. */
static int
hold_record(const struct begun *b, const struct begin_options *o)
{
	char file[NAME_MAX + sizeof(".txt")], path[PATH_MAX];
	int fd = -1;

	snprintf(file, sizeof(file), "%s.txt", b->name);
	if (record_file_path(path, o->dir, file) == 0 && (fd = io_open_regular(path, 0)) >= 0)
		in_use_mark(fd);
	return fd;
}

/* Ends the record of a crash that gets no turn: it is all that is stored. */
static void
end_alone(struct begun *b, const struct begin_options *o, const struct claim *claim, FILE *log)
{
	char *record;

	b->place = PLACE_NONE;
	b->verdict = BEGIN_PLACES;
	if ((record = compose(b, o, 1)) == NULL)
		return;
	free(b->record);
	b->record = record;
	if (record_file_put(o->dir, b->name, record, &claim->owner, 0, STORE_REPLACE) < 0)
		text_print(log, "log=%s/%s.txt: %s\n", o->shown, b->name, strerror(errno));
}

/* Waits for the turn of a user's crash whose record is begun. */
static void
wait_turn(struct begun *b, const struct begin_options *o, const struct claim *claim, FILE *log)
{
	int held, rc, error;

	if (o->places_fd < 0 || o->turns == 0 || b->payer.service)
		return;
	held = hold_record(b, o);
	rc = places_turn(o->places_fd, o->turns, b->payer.uid, o->turn_seconds);
	error = errno;
	if (rc < 0 && error == ETIMEDOUT)
		end_alone(b, o, claim, log);
	else if (rc < 0)
		text_print(log, "log=places: %s\n", strerror(error));
	if (held >= 0)
		io_close(held);
}

/* Stores the record under a name of its own; end is the verdict of one that is finished, else BEGIN_STORE. */
static void
store(struct begun *b, const struct begin_options *o, enum begin_verdict end, FILE *log)
{
	struct claim claim = {
		.dir = o->dir, .shown = o->shown, .suffix = o->suffix, .spare = b->spare,
		.flags = end == BEGIN_LIMIT ? CLAIM_SYNC : 0
	};

	find_owner(b, o);
	find_name(b, o, log);
	claim_owner(&claim, b, log);
	if (end == BEGIN_STORE) {
		decide(b, o, &claim, log);
		if (b->verdict == BEGIN_STORE)
			wait_turn(b, o, &claim, log);
	} else if ((b->verdict = claim_name(&claim, b, log)) == BEGIN_STORE) {
		b->verdict = end;
	}
}

int
begin_record(struct begun *b, const struct begin_options *o, char **words)
{
	enum begin_verdict end = BEGIN_STORE;
	size_t size;
	FILE *log;

	memset(b, 0, sizeof(*b));
	if ((log = open_memstream(&b->log, &size)) == NULL)
		return -1;
	kernel_words_read(&b->words, words);
	b->spare = find_spare(o);
	if (live_facts_read(&b->facts, &b->words, o->environment, log) == 0 &&
	    (b->kind = find_kind(b, o->kind)) != NULL) {
		find_payer(b, log);
		if (o->honour_limit && strcmp(b->words.limit, "0") == 0)
			end = BEGIN_LIMIT;
		else if (find_place(b, o, log) == PLACE_NONE)
			end = BEGIN_PLACES;
		if ((b->record = compose(b, o, end != BEGIN_STORE)) != NULL)
			store(b, o, end, log);
	}
	if (text_close(log, &b->log) == 0 && b->record != NULL)
		return 0;
	errno = ENOMEM;
	return -1;
}

void
begun_free(struct begun *b)
{
	live_facts_free(&b->facts);
	free(b->kind);
	free(b->record);
	free(b->log);
}
