#define _GNU_SOURCE
#include "crash/answer.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "record/keys.h"
#include "record/text.h"

void
answer_line(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text);
	for (char *p = out; (p = strchr(p, '\n')) != NULL;)
		*p = '?';
}

static void
put_number(FILE *to, const char *key, uint64_t n)
{
	if (n > 0)
		text_print(to, "%s=%" PRIu64 "\n", key, n);
	else
		text_print(to, "%s=\n", key);
}

void
answer_begun(FILE *to, const struct begun *b)
{
	static const char *const verdicts[] = { [BEGIN_STORE] = "store",
		[BEGIN_ALONE] = "alone",
		[BEGIN_LIMIT] = "limit",
		[BEGIN_PLACES] = "places",
		[BEGIN_ROOM] = "room",
		[BEGIN_FAILED] = "failed" };
	const struct kernel_words *w = &b->words;

	text_print(to, "verdict=%s\nname=%s\nown=%s\nmode=0%o\nheir=%s\n", verdicts[b->verdict],
	    b->name, b->owner, (unsigned)b->mode, b->heir);
	text_print(to, "pid=%s\ntid=%s\nuid=%s\ngid=%s\n", w->pid, w->tid, w->uid, w->gid);
	text_print(to, "signal=%s\nlimit=%s\ndumpable=%s\nepoch=%s\n", w->signal, w->limit,
	    w->dumpable, w->epoch);
	if (*w->pid != '\0' && *w->pidfd != '\0')
		text_print(to, "ask=-p %s -P %s\n", w->pid, w->pidfd);
	else if (*w->pid != '\0' && *w->uid != '\0')
		text_print(to, "ask=-p %s -C %s\n", w->pid, w->uid);
	else
		fputs("ask=\n", to);
	if (b->payer.uid == PAYER_UNKNOWN)
		text_print(to, "payer=\nservice=no\n");
	else
		text_print(to, "payer=%" PRIu32 "\nservice=%s\n", b->payer.uid,
		    b->payer.service ? "yes" : "no");
	text_print(to, "place=%s\n", b->place == PLACE_WHOLE ? "whole" :
	    b->place == PLACE_SMALL ? "small" : "none");
	put_number(to, "loop_count", b->beyond);
	put_number(to, "spare", b->spare);
	text_print(to, "kind=%s\n%s\n%s\n%s", b->kind, b->log, b->record, b->facts.environment);
}

/* Puts the path of a file of the dump; NULL: there is none. */
static void
put_path(FILE *to, const char *key, const char *dir, const char *file)
{
	size_t n = strlen(dir);

	if (file == NULL)
		text_print(to, "%s=\n", key);
	else
		text_print(to, "%s=%s%s%s\n", key, dir, dir[n - 1] == '/' ? "" : "/", file);
}

void
answer_ended(FILE *to, const struct ended *e, const struct end_options *o, const char *shown)
{
	const char *sent = o->object == NULL ? "" : e->sent ? "yes" : "no";

	if (!e->replaced)
		text_print(to, "log=%s/%s.txt: %s\n", shown, o->name, strerror(e->error));
	text_print(to, "status=%d\nstored=%s\ncomplete=%s\nbytes=%s\n", e->status, e->stored,
	    e->complete ? "yes" : "no", e->bytes);
	put_path(to, "file", shown, e->file);
	put_path(to, "small_file", shown, e->small_file);
	text_print(to, "pending=%s\nobject_whole=%s\n", e->pending ? "yes" : "", sent);
	text_print(to, "\n%s", e->lines);
}

/* Whether a key is a variable of a hook's: stacks, modules and what is secret are not. */
static int
is_variable(const struct text_line *l)
{
	static const char *const without[] = { "frame", "module", "thread_frame" };
	const struct key *key = keys_find(l->start, l->key_len);

	if (key != NULL && key->private == KEY_SECRET)
		return 0;
	for (size_t i = 0; i < sizeof(without) / sizeof(*without); i++)
		if (strncmp(l->start, without[i], strlen(without[i])) == 0)
			return 0;
	return l->key_len > 0 && strspn(l->start, "abcdefghijklmnopqrstuvwxyz_") == l->key_len;
}

void
answer_variables(FILE *to, const char *record)
{
	const char *p = record;
	struct text_line l;

	while (text_next(&l, &p)) {
		if (!is_variable(&l) || text_like(record, &l) != l.start)
			continue;
		fputs("GZCORE_", to);
		for (size_t i = 0; i < l.key_len; i++)
			putc(toupper((unsigned char)l.start[i]), to);
		text_print(to, "%.*s\n", (int)(l.len - l.key_len), l.start + l.key_len);
	}
}
