/*
 * The gzip file format (RFC 1952) as gzcoredump writes it: a series of members, each of which says
 * its own size in an FEXTRA field (section 2.3.1.1), subfield "IG", length 4, little-endian: the
 * whole member in bytes, header and trailer included.  The Python package pgzip has the same.
 */
#ifndef GZCORE_GZIP_HEADER_H
#define GZCORE_GZIP_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "gzip/source.h"

/* CRC-32 and ISIZE (section 2.3.1), bytes. */
#define GZ_TRAILER 8u
/* The smallest member there can be: header, an empty final block, trailer. */
#define GZ_MEMBER_MIN (10u + 2u + GZ_TRAILER)
/* The smallest header with an IG field: what we write for all members but the first. */
#define GZ_SIZED_HEAD 20u

struct gz_head {
	const char *name;	/* FNAME, or NULL */
	const char *comment;	/* FCOMMENT, or NULL */
	uint32_t mtime;		/* MTIME: seconds since 1970, 0 is none */
	int level;		/* 0 to 9, for XFL */
	int sized;		/* with the IG field */
};

/* The size of the header that gz_head_write makes, bytes. */
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
	uint32_t bgzf_size;	/* by BGZF's BC field (SAM format specification, 4.1), likewise */
	int sized, bgzf;	/* it has these fields, though their values may be 0 or cut */
	int plain;		/* it has only an extra field, as all that we write but the first */
	char name[GZ_NAME_MAX];	/* as it stands in the file: may hold any byte */
};

enum gz_status {
	GZ_OK,
	GZ_NONE,	/* what comes is no gzip header: not the two bytes of its magic */
	GZ_CUT,		/* the end, or a read error, inside of the header */
	GZ_BAD		/* an unknown method, reserved flags, a wrong FHCRC, or too many bytes */
};

/* The first byte of a member. */
#define GZ_FIRST 0x1fu

/* Whether p[n] starts like a member, as far as it goes; 0 when n is 0. */
int gz_knows(const uint8_t *p, size_t n);

/*
 * The size that the header at the start of p[n] claims for its member, by the IG field or BGZF's BC
 * field, as far as these are in p; 0 when it has none.
 */
uint64_t gz_size_said(const uint8_t *p, size_t n);

/* The same of the member that comes in s, of which nothing is taken. */
uint64_t gz_size_peek(struct source *s);

/*
 * Takes a header of at most so many bytes from s; a longer one is bad.  At GZ_NONE nothing was
 * taken.
 */
enum gz_status gz_head_read(struct source *s, struct gz_member *m, uint64_t most);

/*
 * Reads the header at offset at of what is seekable, and few bytes more; *len is the header's size,
 * or how much of it was read in vain.  s stays where it is, unless the header has more than 4 KiB.
 * A header that has more than GZ_LOOK_MOST bytes, or more than spare beyond GZ_LOOK, is not GZ_OK:
 * its end may be anywhere in the file.
 */
enum gz_status gz_head_look(struct source *s, uint64_t at, struct gz_member *m, uint64_t *len,
    uint64_t spare);
/* Most headers are shorter than this, bytes; a longer one has our subfield in here. */
#define GZ_LOOK 64u
/* More than gzdeflate can write: an argument, which is a name or a comment, has at most 128 KiB. */
#define GZ_LOOK_MOST (512u * 1024)

/*
 * Whether a plain header (see above) whose member has a size seems to start at p[n], of which
 * GZ_LOOK bytes are enough: one whose size is found in these.
 */
int gz_plain_starts(const uint8_t *p, size_t n);

/* What stands where a member ends: its trailer, and behind it perhaps another member. */
struct gz_end {
	uint32_t crc;		/* CRC32 and ISIZE */
	uint32_t data_size;
	uint64_t next;		/* the size that the next member's header claims (gz_size_said) */
};

/*
 * Takes apart p[n], which starts with a trailer; GZ_END_LOOK bytes are enough.  0 when it is
 * shorter than that.
 */
int gz_end_parse(const uint8_t *p, size_t n, struct gz_end *e);
#define GZ_END_LOOK (GZ_TRAILER + GZ_LOOK)

/*
 * Whether the trailer of a member of size bytes tells all of its data's size, which it says modulo
 * 2^32 (section 2.3.1): one that is large enough to hold 4 GiB may have more than it says.
 */
int gz_size_whole(uint64_t size);
/* DEFLATE makes at most this many bytes of one: 258 of a length and a distance of one bit each. */
#define GZ_RATIO 1032u

#endif
