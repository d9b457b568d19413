/* Decompression of gzip members that say their size, several at a time. */
#ifndef GZCORE_GZIP_MEMBERS_H
#define GZCORE_GZIP_MEMBERS_H

#include "gzip/inflate.h"

/*
 * The most bytes of a member, compressed and not, that is held: one that says more is left to the
 * stream's decoder, which holds none.
 */
#define INFLATE_HELD (4u * 1024 * 1024)

/*
 * Decodes members as long as they say their size, truly, and are sound.  What comes then, if
 * anything, is still in the source: an ordinary member, the end, or one that is damaged or lies,
 * for the stream's decoder to judge.  *some says whether there was one.
 */
enum inflate_status inflate_members(struct inflate *f, int *some);

/*
 * Decodes the one member that comes, when inflate_members would: *done says so, and m has what it
 * says; else all is still in the source, and no size is believed from there on.  So a member has
 * one verdict, whoever decodes it.  *held is its memory, NULL at first, to be freed with
 * inflate_held_free.
 */
struct inflate_held;
enum inflate_status inflate_held(struct inflate *f, struct inflate_held **held, struct inflate_member *m, int *done);
void inflate_held_free(struct inflate_held *h);

#endif
