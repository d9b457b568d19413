/*
 * The gzip file format (RFC 1952) as gzcoredump writes it: a series of members, each of which says
 * its own size in an FEXTRA field (section 2.3.1.1), subfield "IG", length 4, little-endian: the
 * whole member in bytes, header and trailer included.  The Python package pgzip has the same.
 */
#ifndef GZCORE_GZIP_GZ_H
#define GZCORE_GZIP_GZ_H

#include <stddef.h>
#include <stdint.h>

#include "gzip/source.h"

/* CRC-32 and ISIZE (section 2.3.1), bytes. */
#define GZ_TRAILER 8u
/* The smallest member there can be: header, an empty final block, trailer. */
#define GZ_MEMBER_MIN (10u + 2u + GZ_TRAILER)
/* The header of a member that is not the first: to XLEN, and the IG field. */
#define GZ_SIZED_HEAD 20u

struct gz_head {
	const char *name;	/* FNAME, or NULL */
	const char *comment;	/* FCOMMENT, or NULL */
	uint32_t mtime;		/* MTIME: seconds since 1970, 0 is none */
	int level;		/* 0 to 9, for XFL */
	int sized;		/* with the IG field */
};

/* The bytes of the header that gz_head_write makes; SIZE_MAX when they cannot be counted. */
size_t gz_head_size(const struct gz_head *h);

/* Writes the header into out, which holds gz_head_size bytes; an IG field is left 0. */
void gz_head_write(uint8_t *out, const struct gz_head *h);

/* Puts the size into the IG field of the member that starts at out. */
void gz_size_set(uint8_t *out, uint32_t size);

/* Writes the GZ_TRAILER bytes: the CRC-32 and the size modulo 2^32 of what was compressed. */
void gz_trailer_write(uint8_t *out, uint32_t crc, uint64_t len);

/* Little-endian numbers, as both formats' fields are. */
uint32_t gz_le32(const uint8_t *p);

/* The longest name that gz_head_read keeps, bytes with the terminator; a longer one is cut. */
#define GZ_NAME_MAX 256

/* What a header says. */
struct gz_member {
	uint32_t mtime;
	uint32_t size;		/* by the IG field: the claim of an untrusted file; 0 when absent */
	int sized, bgzf;	/* it has an IG field, though that may say 0; BGZF's field BC */
	char name[GZ_NAME_MAX];	/* as it stands in the file: may hold any byte */
};

enum gz_status {
	GZ_OK,
	GZ_NONE,	/* what comes is no gzip header: not the two bytes of its magic */
	GZ_CUT,		/* the end, or a read error, inside of the header */
	GZ_BAD		/* an unknown method, reserved flags, a wrong FHCRC, or more bytes than it may have */
};

/*
 * The size of the member that comes, by the IG field or BGZF's BC field (SAM format specification,
 * section 4.1) when it is the first in the header's extra field; 0 when there is none.  Nothing is
 * taken; the size is a claim.
 */
uint64_t gz_size_peek(struct source *s);

/* Takes a header of at most so many bytes from s; a longer one is bad.  At GZ_NONE nothing was taken. */
enum gz_status gz_head_read(struct source *s, struct gz_member *m, uint64_t most);

/*
 * The same of the header at offset at of what is seekable, reading few bytes of it; *len is the header's size, or how
 * much of it was read in vain.  s stays where it is, unless the header has more than 4 KiB.  A header that has more
 * than GZ_LOOK_MOST bytes, or more than spare beyond GZ_LOOK, is not GZ_OK: its end may be anywhere in the file.
 */
enum gz_status gz_head_look(struct source *s, uint64_t at, struct gz_member *m, uint64_t *len, uint64_t spare);
#define GZ_LOOK 64u
/* More than gzdeflate can write: an argument, which is a name or a comment, has at most 128 KiB. */
#define GZ_LOOK_MOST (512u * 1024)

/*
 * Whether the trailer of a member of size bytes tells all of its data's size, which it says modulo 2^32
 * (section 2.3.1): one that is large enough to hold 4 GiB may have more than it says.
 */
int gz_size_whole(uint64_t size);
/* DEFLATE makes at most so many bytes of one: 258 of a length and a distance of one bit each. */
#define GZ_RATIO 1032u

#endif
