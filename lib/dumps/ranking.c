#include "dumps/ranking.h"

#include <stdlib.h>
#include <string.h>

static int
compare_payers(const struct payer *x, const struct payer *y)
{
	if (x->service != y->service)
		return x->service - y->service;
	return x->uid < y->uid ? -1 : x->uid > y->uid;
}

/*
 * The payer is a part of the identity: anybody can run a program that claims to be another's, and
 * must not push out the other's dumps.
 */
static int
compare_identities(const struct ranked *x, const struct ranked *y)
{
	int rc = strcmp(x->identity, y->identity);

	if (rc == 0)
		rc = compare_payers(&x->payer, &y->payer);
	return rc != 0 ? rc : x->apart - y->apart;
}

static int
compare_ages(const struct ranked *x, const struct ranked *y)
{
	return x->at > y->at ? -1 : x->at < y->at;
}

static int
by_identity(const void *a, const void *b)
{
	int rc = compare_identities(a, b);

	return rc != 0 ? rc : compare_ages(a, b);
}

static int
by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return compare_ages(x, y);
}

static int
by_payer_and_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	int rc = compare_payers(&x->payer, &y->payer);

	return rc != 0 ? rc : by_rank(a, b);
}

static int
by_turn(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->payer.service != y->payer.service)
		return x->payer.service - y->payer.service;
	if (x->holding != y->holding)
		return x->holding > y->holding ? -1 : 1;
	return by_rank(a, b);
}

const struct ranked *
ranking_next_identity(const struct ranked *r, const struct ranked *end)
{
	const struct ranked *next = r + 1;

	while (next < end && compare_identities(r, next) == 0)
		next++;
	return next;
}

/* Marks those of one identity, r[count], the oldest first. */
static void
mark_identity(struct ranked *r, size_t count)
{
	size_t first = 0, newest = count - 1;

	while (first < count && !r[first].file)
		first++;
	if (first == count)
		first = 0;
	else
		while (newest > first && !r[newest].file)
			newest--;
	for (size_t k = 0; k < count; k++)
		if (r[k].rank != PINNED)
			r[k].rank += k == newest ? NEWEST : k == first ? FIRST : MIDDLE;
}

void
ranking_mark(struct ranked *r, size_t count)
{
	const struct ranked *next;

	if (count > 0)
		qsort(r, count, sizeof(*r), by_identity);
	for (struct ranked *end = r + count; r < end; r += next - r) {
		next = ranking_next_identity(r, end);
		mark_identity(r, (size_t)(next - r));
	}
}

void
ranking_order_identity(struct ranked *r, size_t count)
{
	qsort(r, count, sizeof(*r), by_rank);
}

void
ranking_order(struct ranked *r, size_t count)
{
	if (count == 0)
		return;
	qsort(r, count, sizeof(*r), by_payer_and_rank);
	for (size_t i = count; i-- > 0;) {
		struct ranked *next = &r[i] + 1;

		r[i].last = i + 1 == count || compare_payers(&r[i].payer, &next->payer) != 0;
		r[i].holding = r[i].weight + (r[i].last ? 0 : next->holding);
	}
	qsort(r, count, sizeof(*r), by_turn);
}
