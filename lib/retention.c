#include "retention.h"

#include <stdlib.h>
#include <string.h>

/* How soon one goes; from UNSENT on for the lack of room alone, PINNED never. */
enum rank { MIDDLE, FIRST, NEWEST, UNSENT, UNSENT_FIRST, UNSENT_NEWEST, PINNED };

struct item {
	size_t at;		/* in the dumps, which are newest first */
	const char *identity, *uid;
	uint64_t size;
	int file;		/* whether there is more than the record */
	size_t share;		/* how many of the same user stay longer */
	enum rank rank;
};

struct plan {
	struct item *item;	/* those that still stay */
	size_t count;
	enum retention_rule *rule;
};

const char *
retention_words(enum retention_rule rule)
{
	static const char *const words[] = { "stays", "too old", "too many of one identity", "too many", "too many bytes",
		"too little room" };

	return words[rule];
}

static const char *
identity(const struct dump *d)
{
	return *d->uuid != '\0' ? d->uuid : *d->build_id != '\0' ? d->build_id : d->comm;
}

/* Of a user: anybody can run a program that says it is another's, and must not push out the other's dumps. */
static int
compare(const struct item *x, const struct item *y)
{
	int rc = strcmp(x->identity, y->identity);

	return rc != 0 ? rc : strcmp(x->uid, y->uid);
}

/* By identity, the oldest first. */
static int
by_identity(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int rc = compare(x, y);

	return rc != 0 ? rc : x->at > y->at ? -1 : x->at < y->at;
}

/* In the order in which they go: by rank, of the user who has most, the oldest first. */
static int
by_rank(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->share != y->share)
		return x->share > y->share ? -1 : 1;
	return x->at > y->at ? -1 : x->at < y->at;
}

/* By user, then in the order in which they go. */
static int
by_user(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int rc = strcmp(x->uid, y->uid);

	return rc != 0 ? rc : by_rank(a, b);
}

static int
same(const struct item *x, const struct item *y)
{
	return compare(x, y) == 0;
}

/*
 * Finds the first and the newest of each identity, of those that have a file where there are such: what a loop's
 * count is worth does not push out a core.  The items are by identity then.
 */
static void
rank(struct plan *p)
{
	size_t end;

	if (p->count > 0)
		qsort(p->item, p->count, sizeof(*p->item), by_identity);
	for (size_t i = 0; i < p->count; i = end) {
		size_t first = i, last;

		for (end = i + 1; end < p->count && same(&p->item[i], &p->item[end]);)
			end++;
		while (first < end && !p->item[first].file)
			first++;
		for (last = end - 1; last > first && !p->item[last].file;)
			last--;
		if (first == end) {
			first = i;
			last = end - 1;
		}
		for (size_t k = i; k < end; k++)
			if (p->item[k].rank != PINNED)
				p->item[k].rank += k == last ? NEWEST : k == first ? FIRST : MIDDLE;
	}
}

/*
 * Puts all in the order in which they go.  Who crashes programs of many identities pushes out the own dumps, not
 * those of others.
 */
static void
order(struct plan *p)
{
	if (p->count == 0)
		return;
	qsort(p->item, p->count, sizeof(*p->item), by_user);
	for (size_t i = p->count - 1; i-- > 0;)
		if (strcmp(p->item[i].uid, p->item[i + 1].uid) == 0)
			p->item[i].share = p->item[i + 1].share + 1;
	qsort(p->item, p->count, sizeof(*p->item), by_rank);
}

/* The first n items go, by a rule. */
static void
drop_first(struct plan *p, size_t n, enum retention_rule rule)
{
	for (size_t i = 0; i < n; i++)
		p->rule[p->item[i].at] = rule;
	p->count -= n;
	memmove(p->item, p->item + n, p->count * sizeof(*p->item));
}

/* Of each identity no more than so many. */
static void
limit_each(struct plan *p, uint64_t most)
{
	size_t kept = 0, end;

	for (size_t i = 0; i < p->count; i = end) {
		struct item *t = &p->item[i];
		size_t n, pinned = 0, over;

		for (end = i; end < p->count && same(t, &p->item[end]); end++)
			pinned += p->item[end].rank >= UNSENT;
		n = end - i;
		over = n - pinned > most ? n - pinned - (size_t)most : 0;
		qsort(t, n, sizeof(*t), by_rank);
		for (size_t k = 0; k < n; k++) {
			if (k < over)
				p->rule[t[k].at] = RETENTION_EACH;
			else
				p->item[kept++] = t[k];
		}
	}
	p->count = kept;
}

/* The first ones go, as long as more than so many are over, or too few bytes have gone. */
static void
limit_all(struct plan *p, size_t over, uint64_t bytes_over, enum retention_rule rule)
{
	size_t n = 0;
	uint64_t bytes = 0;

	for (; n < p->count && p->item[n].rank != PINNED && (n < over || bytes < bytes_over); n++)
		bytes += p->item[n].size;
	drop_first(p, n, rule);
}

/*
 * Of the files, but for the newest of each identity, as many go as must: what others fill a disk with is not ours
 * to make up for with all that we have.
 */
static void
make_free(struct plan *p, const struct dumps *d, uint64_t need)
{
	size_t kept = 0;
	uint64_t freed = 0;

	for (size_t i = 0; i < p->count; i++) {
		const struct item *t = &p->item[i];

		if (t->rank != NEWEST && t->rank < UNSENT_NEWEST && freed < need && d->dump[t->at].file != NULL) {
			p->rule[t->at] = RETENTION_FREE;
			freed += d->dump[t->at].size;
		} else {
			p->item[kept++] = *t;
		}
	}
	p->count = kept;
}

int
retention_plan(const struct dumps *d, const struct retention *r, enum retention_rule *rule)
{
	struct plan p = { .item = calloc(d->count, sizeof(*p.item)), .rule = rule };
	uint64_t bytes = 0, freed = 0;
	size_t pinned = 0;

	if (p.item == NULL && d->count > 0)
		return -1;
	for (size_t i = 0; i < d->count; i++) {
		const struct dump *one = &d->dump[i];
		enum rank least = one->state == DUMP_OPEN ? PINNED : r->unsent && *one->sent == '\0' ? UNSENT : MIDDLE;
		int old = r->before != NULL && *one->time != '\0' && strcmp(one->time, r->before) < 0;

		rule[i] = old && least == MIDDLE ? RETENTION_AGE : RETENTION_STAYS;
		if (rule[i] == RETENTION_AGE)
			continue;
		p.item[p.count++] = (struct item){ .at = i, .identity = identity(one), .uid = one->uid,
			.size = one->size + one->record_size, .file = one->file != NULL, .rank = least };
		pinned += least != MIDDLE;
	}
	rank(&p);
	if (r->each > 0)
		limit_each(&p, r->each);
	order(&p);
	if (r->count > 0 && p.count - pinned > r->count)
		limit_all(&p, p.count - pinned - (size_t)r->count, 0, RETENTION_COUNT);
	for (size_t i = 0; i < p.count; i++)
		bytes += p.item[i].size;
	if (r->bytes > 0 && bytes > r->bytes)
		limit_all(&p, 0, bytes - r->bytes, RETENTION_BYTES);
	for (size_t i = 0; i < d->count; i++)
		if (rule[i] != RETENTION_STAYS)
			freed += d->dump[i].size;
	if (r->need > freed)
		make_free(&p, d, r->need - freed);
	free(p.item);
	return 0;
}
