/*
 * An index of the gzip members at the start of a file that say their size, made by hopping from
 * header to header, and any byte of their data: a member is decoded, and checked, when a byte of it
 * is asked for.  Memory is bounded.
 */
#ifndef GZCORE_STORED_MEMBER_INDEX_H
#define GZCORE_STORED_MEMBER_INDEX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "gzip/member.h"
#include "gzip/status.h"

/* The most members that are kept decoded. */
#define MEMBER_INDEX_KEPT 32

struct member_index {
	uint64_t end;		/* bytes of the file that the members take, from its start */
	uint64_t size;		/* bytes of their data */
	enum inflate_status status;	/* what was found amiss so far */
	uint64_t status_at;	/* and where in the file */

	/* Its own. */
	int fd;
	struct member_point {
		/* Where a member starts in the file, and its data in all data. */
		uint64_t in, out;
	} *point;
	/* Each point stands for stride members, the last perhaps for fewer. */
	size_t points, stride;
	uint64_t members;
	size_t in_max, out_max;	/* bytes of the largest member, and of its data */
	struct member *decoder;
	uint8_t *in;
	struct member_kept {
		/* Data bytes [from, from + len), and when they were last asked for. */
		uint64_t from, used;
		size_t len;
		uint8_t *data;
	} kept[MEMBER_INDEX_KEPT];
	size_t slots;
	uint64_t clock;
};

/*
 * Indexes the members of fd, a file of size bytes that stays the caller's, up to the first one that
 * says no size; it may be that there is none.  Returns 0, or -1 with errno; member_index_close is
 * due in any case.
 */
int member_index_open(struct member_index *x, int fd, uint64_t size);
void member_index_close(struct member_index *x);

/*
 * Reads up to len bytes of the members' data from offset, which is less than size.  Returns how
 * many, at least 1 of a len that is; -1 with errno, EBADMSG when the member is damaged.
 */
ssize_t member_index_read(struct member_index *x, uint64_t offset, void *buf, size_t len);

#endif
