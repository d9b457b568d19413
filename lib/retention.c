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

/* What of a dump an item is. */
enum part { ALL, FULL, SMALL };

struct plan {
	const struct dumps *d;
	enum part part;
	struct item *item;	/* those that still stay */
	size_t count;
	struct retention_verdict *verdict;
};

const char *
retention_words(enum retention_rule rule, int small)
{
	static const char *const words[][2] = {
		{ "stays", "stays" },
		{ "too old", "too old" },
		{ "too many of one identity", "too many small cores of one identity" },
		{ "too many", "too many small cores" },
		{ "too many bytes", "too many bytes of small cores" },
		{ "too little room", "too little room" },
	};

	return words[rule][small != 0];
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

/* Whether the part of a dump is there, or a record alone, which is a dump of its own. */
static int
has(enum part part, const struct dump *d)
{
	return part == SMALL ? d->small != NULL : part == ALL || d->file != NULL || d->small == NULL;
}

/* The bytes of its files. */
static uint64_t
size(enum part part, const struct dump *d)
{
	return (part != SMALL ? d->size : 0) + (part != FULL ? d->small_size : 0);
}

/* It goes, by a rule; the bytes that this frees. */
static uint64_t
drop(struct plan *p, size_t at, enum retention_rule rule)
{
	if (p->part != SMALL)
		p->verdict[at].file = rule;
	if (p->part != FULL && p->d->dump[at].small != NULL)
		p->verdict[at].small = rule;
	return size(p->part, &p->d->dump[at]);
}

/* The first n items go, by a rule. */
static void
drop_first(struct plan *p, size_t n, enum retention_rule rule)
{
	for (size_t i = 0; i < n; i++)
		drop(p, p->item[i].at, rule);
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
				drop(p, t[k].at, RETENTION_EACH);
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
 * to make up for with all that we have.  Returns the bytes that become free.
 */
static uint64_t
make_free(struct plan *p, uint64_t need)
{
	size_t kept = 0;
	uint64_t freed = 0;

	for (size_t i = 0; i < p->count; i++) {
		const struct item *t = &p->item[i];

		if (t->rank != NEWEST && t->rank < UNSENT_NEWEST && freed < need && t->file)
			freed += drop(p, t->at, RETENTION_FREE);
		else
			p->item[kept++] = *t;
	}
	p->count = kept;
	return freed;
}

/* Whether it is to be kept until it has been sent. */
static int
unsent(enum part part, const struct dump *d)
{
	int small = part == SMALL || *d->on_request != '\0' || (d->file == NULL && d->small != NULL);

	return *d->sent == '\0' && (!small || *d->small_sent == '\0');
}

/* Takes the parts of all dumps that are not too old. */
static int
fill(struct plan *p, const struct retention *r, size_t *pinned)
{
	const struct dumps *d = p->d;

	if ((p->item = calloc(d->count + 1, sizeof(*p->item))) == NULL)
		return -1;
	for (size_t i = 0; i < d->count; i++) {
		const struct dump *one = &d->dump[i];
		enum rank least = one->state == DUMP_OPEN ? PINNED : r->unsent && unsent(p->part, one) ? UNSENT : MIDDLE;
		/* Where the small core stays the record does, and is counted there. */
		int record = p->part != FULL || one->small == NULL || p->verdict[i].small != RETENTION_STAYS;

		if (!has(p->part, one))
			continue;
		if (r->before != NULL && *one->time != '\0' && strcmp(one->time, r->before) < 0 && least == MIDDLE) {
			drop(p, i, RETENTION_AGE);
			continue;
		}
		p->item[p->count++] = (struct item){ .at = i, .identity = identity(one), .uid = one->uid,
			.size = size(p->part, one) + (record ? one->record_size : 0), .rank = least,
			.file = (p->part != SMALL && one->file != NULL) || (p->part != FULL && one->small != NULL) };
		*pinned += least != MIDDLE;
	}
	return 0;
}

/* The rules but for the free room. */
static int
limit(struct plan *p, const struct retention *r)
{
	int small = p->part == SMALL;
	uint64_t each = small ? r->small_each : r->each, count = small ? r->small_count : r->count;
	uint64_t most = small ? r->small_bytes : r->bytes, bytes = 0;
	size_t pinned = 0;

	if (fill(p, r, &pinned) < 0)
		return -1;
	rank(p);
	if (each > 0)
		limit_each(p, each);
	order(p);
	if (count > 0 && p->count - pinned > count)
		limit_all(p, p->count - pinned - (size_t)count, 0, RETENTION_COUNT);
	for (size_t i = 0; i < p->count; i++)
		bytes += p->item[i].size;
	if (most > 0 && bytes > most)
		limit_all(p, 0, bytes - most, RETENTION_BYTES);
	return 0;
}

int
retention_plan(const struct dumps *d, const struct retention *r, struct retention_verdict *verdict)
{
	struct plan full = { .d = d, .part = r->apart ? FULL : ALL, .verdict = verdict };
	struct plan small = { .d = d, .part = SMALL, .verdict = verdict };
	uint64_t freed = 0;
	int rc;

	memset(verdict, 0, d->count * sizeof(*verdict));
	/* The small ones first: what of them goes says with which part the record is counted. */
	rc = (r->apart && limit(&small, r) < 0) || limit(&full, r) < 0 ? -1 : 0;
	for (size_t i = 0; rc == 0 && i < d->count; i++)
		freed += (verdict[i].file != RETENTION_STAYS ? d->dump[i].size : 0) +
		    (verdict[i].small != RETENTION_STAYS ? d->dump[i].small_size : 0);
	if (rc == 0 && r->need > freed)
		freed += make_free(&full, r->need - freed);
	if (rc == 0 && r->small_need > freed)
		make_free(&small, r->small_need - freed);
	for (size_t i = 0; rc == 0 && i < d->count; i++)
		verdict[i].all = (verdict[i].file != RETENTION_STAYS || !has(FULL, &d->dump[i])) &&
		    (verdict[i].small != RETENTION_STAYS || d->dump[i].small == NULL);
	free(full.item);
	free(small.item);
	return rc;
}
