#include "dumps/retention.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dumps/ranking.h"

/* What of each dump a plan is about. */
enum part { ALL, FULL, SMALL };

struct plan {
	const struct dumps *d;
	struct payers *payers;
	enum part part;
	int short_of;		/* not enough can become free, whatever goes */
	struct ranked *item;	/* those that still stay */
	size_t count;
	struct retention_verdict *verdict;
};

const char *
retention_words(enum retention_rule rule, int small)
{
	static const char *const words[][2] = {
		[RETENTION_STAYS] = { "stays", "stays" },
		[RETENTION_AGE] = { "too old", "too old" },
		[RETENTION_EACH] = { "too many of one identity",
		    "too many small cores of one identity" },
		[RETENTION_COUNT] = { "too many", "too many small cores" },
		[RETENTION_BYTES] = { "too many bytes", "too many bytes of small cores" },
		[RETENTION_FREE] = { "too little room", "too little room" },
	};

	return words[rule][small != 0];
}

/* A dump and its parts, as the rules see them. */

static const char *
identity_of(const struct dump *d)
{
	return *d->uuid != '\0' ? d->uuid : *d->build_id != '\0' ? d->build_id : d->comm;
}

/* The payer.  A record in a user's directory is charged to that user, whatever it says. */
static struct payer
payer_of(struct payers *p, const struct dump *d)
{
	const char *slash = strchr(d->name, '/');
	char user[DUMPS_NAME];

	if (slash == NULL)
		return payers_of(p, d->uid, d->container_owner);
	snprintf(user, sizeof(user), "%.*s", (int)(slash - d->name), d->name);
	return payers_of(p, user, "");
}

/* Whether the part of a dump is there; a record alone counts as a full one. */
static int
has_part(enum part part, const struct dump *d)
{
	if (part == SMALL)
		return d->small != NULL;
	return part == ALL || d->file != NULL || d->small == NULL;
}

/* Whether there is a file of that part. */
static int
has_file(enum part part, const struct dump *d)
{
	return (part != SMALL && d->file != NULL) || (part != FULL && d->small != NULL);
}

static uint64_t
bytes_of(enum part part, const struct dump *d)
{
	return (part != SMALL ? d->size : 0) + (part != FULL ? d->small_size : 0);
}

/* What becomes free when its files go. */
static uint64_t
bytes_freed(enum part part, const struct dump *d)
{
	return (part != SMALL ? d->disk : 0) + (part != FULL ? d->small_disk : 0);
}

/* Whether it is to be kept until it has been sent. */
static int
waits_to_be_sent(enum part part, const struct dump *d)
{
	int small = part == SMALL || *d->on_request != '\0' ||
	    (d->file == NULL && d->small != NULL);

	return *d->sent == '\0' && (!small || *d->small_sent == '\0');
}

/* What a rule may take, and what that counts. */

static int
may_go(const struct plan *p, const struct ranked *t, enum retention_rule rule)
{
	int newest = t->rank == NEWEST || t->rank == UNSENT_NEWEST;

	if (t->rank == PINNED)
		return 0;
	if (rule == RETENTION_FREE)
		return t->file &&
		    !(newest && (t->payer.service || p->short_of || (p->part == SMALL && t->last)));
	return !t->apart && (rule == RETENTION_BYTES || t->rank < UNSENT);
}

static uint64_t
weight_of(const struct plan *p, const struct ranked *t, enum retention_rule rule)
{
	switch (rule) {
	case RETENTION_FREE:
		return bytes_freed(p->part, &p->d->dump[t->at]);
	case RETENTION_BYTES:
		return t->apart ? 0 : t->size;
	default:
		return may_go(p, t, rule) ? 1 : 0;
	}
}

/* Weighs all by a rule; returns the sum. */
static uint64_t
weigh(struct plan *p, enum retention_rule rule)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < p->count; i++)
		sum += p->item[i].weight = weight_of(p, &p->item[i], rule);
	return sum;
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

/*
 * Drops those that may go by a rule and weigh more than least, in their order, until what they
 * weigh is as much as is over; returns what they weigh.
 */
static uint64_t
drop_until(struct plan *p, enum retention_rule rule, uint64_t over, uint64_t least)
{
	uint64_t gone = 0;
	size_t kept = 0;

	for (size_t i = 0; i < p->count; i++) {
		struct ranked *t = &p->item[i];

		if (gone < over && may_go(p, t, rule) && t->weight > least) {
			gone += t->weight;
			drop(p, t->at, rule);
		} else {
			p->item[kept++] = *t;
		}
	}
	p->count = kept;
	return gone;
}

/* The rules, in the order in which they are applied. */

/* Age: takes into the plan the parts of all dumps that are not too old. */
static int
keep_young(struct plan *p, const struct retention *r)
{
	const struct dumps *d = p->d;

	if ((p->item = calloc(d->count + 1, sizeof(*p->item))) == NULL)
		return -1;
	for (size_t i = 0; i < d->count; i++) {
		const struct dump *one = &d->dump[i];
		enum ranking rank = one->state == DUMP_OPEN ? PINNED :
		    r->unsent && waits_to_be_sent(p->part, one) ? UNSENT : MIDDLE;
		/* Where the small core stays the record does, and is counted there. */
		int record = p->part != FULL || one->small == NULL ||
		    p->verdict[i].small != RETENTION_STAYS;
		int apart = strchr(one->name, '/') != NULL;

		if (!has_part(p->part, one))
			continue;
		if (r->before != NULL && *one->time != '\0' && strcmp(one->time, r->before) < 0 &&
		    rank == MIDDLE && !apart) {
			drop(p, i, RETENTION_AGE);
			continue;
		}
		p->item[p->count++] = (struct ranked){ .at = i, .identity = identity_of(one),
			.payer = payer_of(p->payers, one), .rank = rank, .apart = apart,
			.file = has_file(p->part, one),
			.size = bytes_of(p->part, one) + (record ? one->record_size : 0) };
	}
	return 0;
}

/*
 * Bytes: what is larger than all that there may be goes alone, since nothing else's going would
 * make it fit.
 */
static void
limit_largest(struct plan *p, uint64_t most)
{
	weigh(p, RETENTION_BYTES);
	drop_until(p, RETENTION_BYTES, UINT64_MAX, most);
}

/* Each: of one identity at most so many stay.  Those that may not go are not counted. */
static void
limit_each(struct plan *p, uint64_t most)
{
	struct ranked *end = p->item + p->count, *t = p->item;
	size_t kept = 0;

	while (t < end) {
		size_t n = (size_t)(ranking_next_identity(t, end) - t), counted = 0, over;

		for (size_t k = 0; k < n; k++)
			counted += may_go(p, &t[k], RETENTION_EACH) != 0;
		over = counted > most ? counted - (size_t)most : 0;
		ranking_order_identity(t, n);
		for (size_t k = 0; k < n; k++, t++) {
			if (over > 0 && may_go(p, t, RETENTION_EACH)) {
				drop(p, t->at, RETENTION_EACH);
				over--;
			} else {
				p->item[kept++] = *t;
			}
		}
	}
	p->count = kept;
}

/* Count, or bytes: so much of it may stay in all, 0: any. */
static void
limit_sum(struct plan *p, enum retention_rule rule, uint64_t most)
{
	uint64_t sum = weigh(p, rule);

	if (most == 0 || sum <= most)
		return;
	ranking_order(p->item, p->count);
	drop_until(p, rule, sum - most, 0);
}

/* All rules but that of free space. */
static int
limit(struct plan *p, const struct retention *r)
{
	int small = p->part == SMALL;
	uint64_t each = small ? r->small_each : r->each, bytes = small ? r->small_bytes : r->bytes;

	if (keep_young(p, r) < 0)
		return -1;
	if (bytes > 0)
		limit_largest(p, bytes);
	ranking_mark(p->item, p->count);
	if (each > 0)
		limit_each(p, each);
	limit_sum(p, RETENTION_COUNT, small ? r->small_count : r->count);
	limit_sum(p, RETENTION_BYTES, bytes);
	return 0;
}

/*
 * Free space: files go until wanted bytes are free, of which some are freed already; returns what
 * becomes free.
 */
static uint64_t
retention_free_space(struct plan *p, uint64_t wanted, uint64_t least, uint64_t freed)
{
	uint64_t possible = freed;

	if (wanted <= freed)
		return 0;
	weigh(p, RETENTION_FREE);
	ranking_order(p->item, p->count);
	for (size_t i = 0; i < p->count; i++)
		if (may_go(p, &p->item[i], RETENTION_FREE))
			possible += p->item[i].weight;
	/* When others have filled the disk, not all that we have goes to make up for it. */
	p->short_of = possible < least;
	return drop_until(p, RETENTION_FREE, wanted - freed, 0);
}

/* What becomes free by the verdicts so far. */
static uint64_t
freed_so_far(const struct dumps *d, const struct retention_verdict *v)
{
	uint64_t freed = 0;

	for (size_t i = 0; i < d->count; i++)
		freed += (v[i].file != RETENTION_STAYS ? d->dump[i].disk : 0) +
		    (v[i].small != RETENTION_STAYS ? d->dump[i].small_disk : 0);
	return freed;
}

int
retention_plan(const struct dumps *d, const struct retention *r, struct payers *payers,
    struct retention_verdict *verdict)
{
	struct plan full = { .d = d, .payers = payers, .part = r->apart ? FULL : ALL,
		.verdict = verdict };
	struct plan small = { .d = d, .payers = payers, .part = SMALL, .verdict = verdict };
	uint64_t freed;
	int rc = -1;

	memset(verdict, 0, d->count * sizeof(*verdict));
	/* The small ones first: where a small core stays, the record is counted with it. */
	if ((r->apart && limit(&small, r) < 0) || limit(&full, r) < 0)
		goto out;
	freed = freed_so_far(d, verdict);
	freed += retention_free_space(&full, r->need.wanted, r->need.least, freed);
	retention_free_space(&small, r->small_need.wanted, r->small_need.least, freed);
	for (size_t i = 0; i < d->count; i++)
		verdict[i].all =
		    (verdict[i].file != RETENTION_STAYS || !has_part(FULL, &d->dump[i])) &&
		    (verdict[i].small != RETENTION_STAYS || d->dump[i].small == NULL);
	rc = 0;
out:
	free(full.item);
	free(small.item);
	return rc;
}
