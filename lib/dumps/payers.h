/* Finds who is charged for a dump: a service or a user, whatever uids they have given themselves. */
#ifndef GZCORE_DUMPS_PAYERS_H
#define GZCORE_DUMPS_PAYERS_H

#include <stddef.h>
#include <stdint.h>

/* Nobody known, as a uid that no process has. */
#define PAYER_UNKNOWN UINT32_MAX

struct payer {
	uint32_t uid;
	int service;	/* 0 when nobody is known, too */
};

/* The uids that users may give to their processes, subuid(5). */
struct payers {
	struct payer_range {
		char *name;		/* of the user whose they are, or a number */
		uint32_t start, count;
		uint32_t uid;		/* of that user, once it was looked up */
		int known;
	} *range;
	size_t count, room;
};

/*
 * Reads such a file, usually PAYERS_FILE, into p, all zeros before; what is no line of it is passed over, and a file
 * that is not there has none.  Returns 0, or -1 with errno; payers_free frees what is in p.
 */
int payers_read(struct payers *p, const char *path);
void payers_free(struct payers *p);
#define PAYERS_FILE "/etc/subuid"

/*
 * Says who is charged for a process of that uid in a user namespace of that owner, both as a record
 * has them, "" when it does not say.  The owner is charged, but for a user's process in a namespace
 * that a service has made, for which the user is; where there is no owner, the uid.  A uid that a
 * range gives to a user is that user; of a range that a service has, such as root's for its
 * containers, all are one user, who has the range's first uid.  Without a number that can be read
 * nobody is known.
 */
struct payer payers_of(struct payers *p, const char *uid, const char *owner);

#endif
