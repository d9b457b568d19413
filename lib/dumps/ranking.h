/* In which order the dumps of a directory go, when a rule of retention.h is broken. */
#ifndef GZCORE_DUMPS_RANKING_H
#define GZCORE_DUMPS_RANKING_H

#include <stddef.h>
#include <stdint.h>

#include "dumps/payers.h"

/*
 * How early one of a payer's dumps goes, the first of these first: from UNSENT on only for bytes
 * and need, PINNED never.
 */
enum ranking { MIDDLE, FIRST, NEWEST, UNSENT, UNSENT_FIRST, UNSENT_NEWEST, PINNED };

/* A dump, or one part of it. */
struct ranked {
	/* The caller's. */
	size_t at;		/* in the dumps, which are newest first */
	const char *identity;
	struct payer payer;
	uint64_t size;		/* bytes, with the record where that is counted here */
	int file;		/* whether there is more than the record */
	int apart;		/* in the directory of a user, which has limits of its own */
	enum ranking rank;	/* MIDDLE, UNSENT or PINNED before ranking_mark */
	uint64_t weight;	/* what it counts by the rule, before ranking_order */

	uint64_t holding;	/* what the payer has of it and of all that stays longer */
	int last;		/* nothing of the payer's stays longer */
};

/*
 * Finds the first and the newest of each identity, among those that have a file where there are
 * such: the count of a loop does not push out a core.  They are sorted by identity then, the oldest
 * first.
 */
void ranking_mark(struct ranked *r, size_t count);

/*
 * The first behind r, which ranking_mark has sorted, that is not of the same identity, payer and
 * kind of directory.
 */
const struct ranked *ranking_next_identity(const struct ranked *r, const struct ranked *end);

/* Sorts those of one payer into the order in which they go: by rank, the oldest first. */
void ranking_order_identity(struct ranked *r, size_t count);

/*
 * Sorts all into the order in which they go by a rule: users' before services'; those of the payer
 * who holds most first, by weight; then by rank, the oldest first.
 */
void ranking_order(struct ranked *r, size_t count);

#endif
