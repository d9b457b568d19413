#include "dumps/retention.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How soon one of a payer's goes; from UNSENT on for the lack of room alone, PINNED never. */
enum rank { MIDDLE, FIRST, NEWEST, UNSENT, UNSENT_FIRST, UNSENT_NEWEST, PINNED };

struct item {
	size_t at;		/* in the dumps, which are newest first */
	const char *identity;
	struct payer payer;
	uint64_t size;
	int file;		/* whether there is more than the record */
	int apart;		/* in the directory of a user, which has limits of its own */
	enum rank rank;
	uint64_t holding;	/* what the payer has of it and of all that stays longer, as the rule counts */
	int last;		/* nothing of the payer's stays longer */
};

/* What of a dump an item is. */
enum part { ALL, FULL, SMALL };

struct plan {
	const struct dumps *d;
	struct payers *payers;
	enum part part;
	int short_of;		/* not enough can become free, whatever goes */
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

static int
by_payer(const struct payer *x, const struct payer *y)
{
	if (x->service != y->service)
		return x->service - y->service;
	return x->uid < y->uid ? -1 : x->uid > y->uid;
}

/* Of a payer: anybody can run a program that says it is another's, and must not push out the other's dumps. */
static int
compare(const struct item *x, const struct item *y)
{
	int rc = strcmp(x->identity, y->identity);

	if (rc == 0)
		rc = by_payer(&x->payer, &y->payer);
	return rc != 0 ? rc : x->apart - y->apart;
}

/* By identity, the oldest first. */
static int
by_identity(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int rc = compare(x, y);

	return rc != 0 ? rc : x->at > y->at ? -1 : x->at < y->at;
}

/* In the order in which those of one payer go: by rank, the oldest first. */
static int
by_rank(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->at > y->at ? -1 : x->at < y->at;
}

/* By payer, then in the order in which they go. */
static int
by_payer_and_rank(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int rc = by_payer(&x->payer, &y->payer);

	return rc != 0 ? rc : by_rank(a, b);
}

/* In the order in which all go: users' before services', of the one who holds most, then as that payer's go. */
static int
by_turn(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->payer.service != y->payer.service)
		return x->payer.service - y->payer.service;
	if (x->holding != y->holding)
		return x->holding > y->holding ? -1 : 1;
	return by_rank(a, b);
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

		for (end = i + 1; end < p->count && compare(&p->item[i], &p->item[end]) == 0;)
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

/* What becomes free when they go. */
static uint64_t
disk(enum part part, const struct dump *d)
{
	return (part != SMALL ? d->disk : 0) + (part != FULL ? d->small_disk : 0);
}

/* It goes, by a rule. */
static void
drop(struct plan *p, size_t at, enum retention_rule rule)
{
	if (p->part != SMALL)
		p->verdict[at].file = rule;
	if (p->part != FULL && p->d->dump[at].small != NULL)
		p->verdict[at].small = rule;
}

/* Whether an item may go by a rule. */
static int
may_go(const struct plan *p, const struct item *t, enum retention_rule rule)
{
	int newest = t->rank == NEWEST || t->rank == UNSENT_NEWEST;

	if (t->rank == PINNED)
		return 0;
	if (rule == RETENTION_FREE)
		return t->file && !(newest && (t->payer.service || p->short_of || (p->part == SMALL && t->last)));
	return !t->apart && (rule == RETENTION_BYTES || t->rank < UNSENT);
}

/* What an item counts by a rule. */
static uint64_t
weight(const struct plan *p, const struct item *t, enum retention_rule rule)
{
	switch (rule) {
	case RETENTION_FREE:
		return disk(p->part, &p->d->dump[t->at]);
	case RETENTION_BYTES:
		return t->apart ? 0 : t->size;
	default:
		return may_go(p, t, rule) ? 1 : 0;
	}
}

/* What all that stays counts, or what of it may go. */
static uint64_t
sum(const struct plan *p, enum retention_rule rule, int going)
{
	uint64_t n = 0;

	for (size_t i = 0; i < p->count; i++)
		if (!going || may_go(p, &p->item[i], rule))
			n += weight(p, &p->item[i], rule);
	return n;
}

/* Puts all in the order in which they go by a rule. */
static void
order(struct plan *p, enum retention_rule rule)
{
	if (p->count == 0)
		return;
	qsort(p->item, p->count, sizeof(*p->item), by_payer_and_rank);
	for (size_t i = p->count; i-- > 0;) {
		struct item *t = &p->item[i], *next = t + 1;

		t->last = i + 1 == p->count || by_payer(&t->payer, &next->payer) != 0;
		t->holding = weight(p, t, rule) + (t->last ? 0 : next->holding);
	}
	qsort(p->item, p->count, sizeof(*p->item), by_turn);
}

/*
 * Those that may go by a rule, and count more than least, go in their order, until what they count is as much as is
 * over; what they count.
 */
static uint64_t
limit_all(struct plan *p, enum retention_rule rule, uint64_t over, uint64_t least)
{
	uint64_t gone = 0;
	size_t kept = 0;

	for (size_t i = 0; i < p->count; i++) {
		struct item *t = &p->item[i];

		if (gone < over && may_go(p, t, rule) && weight(p, t, rule) > least) {
			gone += weight(p, t, rule);
			drop(p, t->at, rule);
		} else {
			p->item[kept++] = *t;
		}
	}
	p->count = kept;
	return gone;
}

/* Of each identity no more than so many. */
static void
limit_each(struct plan *p, uint64_t most)
{
	size_t kept = 0, end;

	for (size_t i = 0; i < p->count; i = end) {
		struct item *t = &p->item[i];
		size_t n, pinned = 0, over;

		for (end = i; end < p->count && compare(t, &p->item[end]) == 0; end++)
			pinned += !may_go(p, &p->item[end], RETENTION_EACH);
		n = end - i;
		over = n - pinned > most ? n - pinned - (size_t)most : 0;
		qsort(t, n, sizeof(*t), by_rank);
		for (size_t k = 0; k < n; k++) {
			if (over > 0 && may_go(p, &t[k], RETENTION_EACH)) {
				drop(p, t[k].at, RETENTION_EACH);
				over--;
			} else {
				p->item[kept++] = t[k];
			}
		}
	}
	p->count = kept;
}

/* Whether it is to be kept until it has been sent. */
static int
unsent(enum part part, const struct dump *d)
{
	int small = part == SMALL || *d->on_request != '\0' || (d->file == NULL && d->small != NULL);

	return *d->sent == '\0' && (!small || *d->small_sent == '\0');
}

/* Who is charged for it; a record in the directory of a user is that user's, whatever it says. */
static struct payer
payer(struct payers *p, const struct dump *d)
{
	const char *slash = strchr(d->name, '/');
	char user[DUMPS_NAME];

	if (slash == NULL)
		return payers_of(p, d->uid, d->container_owner);
	snprintf(user, sizeof(user), "%.*s", (int)(slash - d->name), d->name);
	return payers_of(p, user, "");
}

/* Takes the parts of all dumps that are not too old. */
static int
fill(struct plan *p, const struct retention *r)
{
	const struct dumps *d = p->d;

	if ((p->item = calloc(d->count + 1, sizeof(*p->item))) == NULL)
		return -1;
	for (size_t i = 0; i < d->count; i++) {
		const struct dump *one = &d->dump[i];
		enum rank least = one->state == DUMP_OPEN ? PINNED : r->unsent && unsent(p->part, one) ? UNSENT : MIDDLE;
		/* Where the small core stays the record does, and is counted there. */
		int record = p->part != FULL || one->small == NULL || p->verdict[i].small != RETENTION_STAYS;
		int apart = strchr(one->name, '/') != NULL;

		if (!has(p->part, one))
			continue;
		if (r->before != NULL && *one->time != '\0' && strcmp(one->time, r->before) < 0 && least == MIDDLE && !apart) {
			drop(p, i, RETENTION_AGE);
			continue;
		}
		p->item[p->count++] = (struct item){ .at = i, .identity = identity(one), .payer = payer(p->payers, one),
			.size = size(p->part, one) + (record ? one->record_size : 0), .rank = least, .apart = apart,
			.file = (p->part != SMALL && one->file != NULL) || (p->part != FULL && one->small != NULL) };
	}
	return 0;
}

/* A rule of which so much may stay. */
static void
limit_to(struct plan *p, enum retention_rule rule, uint64_t most)
{
	uint64_t all = sum(p, rule, 0);

	if (most == 0 || all <= most)
		return;
	order(p, rule);
	limit_all(p, rule, all - most, 0);
}

/* The rules but for the free room. */
static int
limit(struct plan *p, const struct retention *r)
{
	int small = p->part == SMALL;
	uint64_t each = small ? r->small_each : r->each, bytes = small ? r->small_bytes : r->bytes;

	if (fill(p, r) < 0)
		return -1;
	/* What is larger than all that there may be goes alone: no other's going would make it fit. */
	if (bytes > 0)
		limit_all(p, RETENTION_BYTES, UINT64_MAX, bytes);
	rank(p);
	if (each > 0)
		limit_each(p, each);
	limit_to(p, RETENTION_COUNT, small ? r->small_count : r->count);
	limit_to(p, RETENTION_BYTES, bytes);
	return 0;
}

/* As many of the files go as must, beside the bytes that are freed already; what becomes free. */
static uint64_t
make_free(struct plan *p, uint64_t wanted, uint64_t least, uint64_t freed)
{
	if (wanted <= freed)
		return 0;
	order(p, RETENTION_FREE);
	/* What others fill a disk with is not ours to make up for with all that we have. */
	p->short_of = freed + sum(p, RETENTION_FREE, 1) < least;
	return limit_all(p, RETENTION_FREE, wanted - freed, 0);
}

int
retention_plan(const struct dumps *d, const struct retention *r, struct payers *payers, struct retention_verdict *verdict)
{
	struct plan full = { .d = d, .payers = payers, .part = r->apart ? FULL : ALL, .verdict = verdict };
	struct plan small = { .d = d, .payers = payers, .part = SMALL, .verdict = verdict };
	uint64_t freed = 0;
	int rc;

	memset(verdict, 0, d->count * sizeof(*verdict));
	/* The small ones first: what of them goes says with which part the record is counted. */
	rc = (r->apart && limit(&small, r) < 0) || limit(&full, r) < 0 ? -1 : 0;
	for (size_t i = 0; rc == 0 && i < d->count; i++)
		freed += (verdict[i].file != RETENTION_STAYS ? d->dump[i].disk : 0) +
		    (verdict[i].small != RETENTION_STAYS ? d->dump[i].small_disk : 0);
	if (rc == 0)
		freed += make_free(&full, r->need.wanted, r->need.least, freed);
	if (rc == 0)
		make_free(&small, r->small_need.wanted, r->small_need.least, freed);
	for (size_t i = 0; rc == 0 && i < d->count; i++)
		verdict[i].all = (verdict[i].file != RETENTION_STAYS || !has(FULL, &d->dump[i])) &&
		    (verdict[i].small != RETENTION_STAYS || d->dump[i].small == NULL);
	free(full.item);
	free(small.item);
	return rc;
}
