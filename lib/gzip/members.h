/* Decompression of gzip members that say their size, several at a time. */
#ifndef GZCORE_GZIP_MEMBERS_H
#define GZCORE_GZIP_MEMBERS_H

#include "gzip/inflate.h"

/*
 * The largest member, compressed and not, that is held in memory, bytes.  One that claims more is
 * left to the stream's decoder, which holds none.
 */
#define INFLATE_HELD (4u * 1024 * 1024)

/*
 * Decodes members until one does not say its size, says a wrong one, or is not sound: that is still
 * in the source, for the stream's decoder to judge.  *some says whether there was any before.
 */
enum inflate_status inflate_members(struct inflate *f, int *some);

/*
 * Decodes the next member and fills in m, if inflate_members would decode it, which *done says.
 * Else all of it is still in the source, and no size is believed from there on.  So a member has
 * the same verdict whoever decodes it.  *held is NULL at first; the caller frees it with
 * inflate_held_free.
 */
struct inflate_held;
enum inflate_status inflate_held(struct inflate *f, struct inflate_held **held,
    struct inflate_member *m, int *done);
void inflate_held_free(struct inflate_held *h);

#endif
