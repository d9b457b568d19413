/*
 * Decompression: gzip (RFC 1952) of any number of members and zlib (RFC 1950), told apart by
 * their first bytes; whole, a range, a list of members, or what can be saved of a damaged file.
 */
#ifndef GZCORE_GZIP_INFLATE_H
#define GZCORE_GZIP_INFLATE_H

#include <stdint.h>

#include "confine/confine.h"
#include "gzip/header.h"
#include "gzip/sink.h"
#include "gzip/source.h"
#include "gzip/status.h"

/* The system calls of what reads a source and writes a sink, for confine_to. */
#define INFLATE_CALLS CONFINE_BASE " " CONFINE_THREADS " fcntl ftruncate pread64 pwrite64"

/* A member, or a zlib stream.  Sizes and offsets in bytes. */
struct inflate_member {
	uint64_t offset;	/* in the input */
	uint64_t size;		/* there, header and trailer included */
	uint64_t data_offset;	/* in the output */
	uint64_t data_size;
	uint32_t check;		/* CRC-32, or Adler-32 of a zlib stream */
	struct gz_member head;	/* zeros for a zlib stream */
};

struct inflate {
	struct source *in;
	struct sink *out;
	uint64_t at;		/* after an error: the offset in the input where it showed */
	int error;		/* errno of INFLATE_READ and INFLATE_WRITE */
	size_t threads;		/* that decode members which say their size; 1 after inflate_open */
	/* members' sizes are not believed: none is read ahead by its size */
	int doubtful;
	/* where members' data ends at most, in the input; UINT64_MAX at first */
	uint64_t stop;
	int strict;		/* a wrong size field counts as damage, though nothing needs it */
	/* Called as the work goes on, unless NULL. */
	void (*progress)(void *arg, uint64_t in, uint64_t out);
	void *arg;
	struct inflate_state *state;
};

/* Whether what starts with these n bytes is to be taken for gzip or zlib data. */
int inflate_knows(const uint8_t *bytes, size_t n);

/* Prepares f for in and out, which stay the caller's.  Returns 0, or -1 with errno. */
int inflate_open(struct inflate *f, struct source *in, struct sink *out);
void inflate_close(struct inflate *f);

/* Decodes all that comes.  At an error all before the damage has been written. */
enum inflate_status inflate_all(struct inflate *f);

/*
 * Decodes data bytes [offset, offset + len).  On a seekable input, members that say their size and
 * are not needed are hopped over, unchecked.  Every member that is decoded is checked to its end.
 */
enum inflate_status inflate_range(struct inflate *f, uint64_t offset, uint64_t len);

/*
 * Calls seen for each member.  On a seekable input members that say their size are hopped over;
 * what is listed of those is what their header and trailer claim.
 */
enum inflate_status inflate_list(struct inflate *f,
    void (*seen)(void *arg, const struct inflate_member *m), void *arg);

/* What salvage has to say of a member, or of bytes that are none. */
struct inflate_lost {
	enum {
		INFLATE_LOST_NOTHING,	/* damaged, and its data was written all the same */
		INFLATE_LOST_KNOWN,	/* len bytes of data, zeros instead */
		INFLATE_LOST_UNKNOWN,	/* data from data_offset on, nobody knows how much */
		INFLATE_LOST_PERHAPS	/* no header: maybe data from data_offset on, or none */
	} kind;
	uint64_t at;		/* offset in the input */
	uint64_t data_offset;	/* in the output */
	uint64_t len;
	/* INFLATE_LOST_UNKNOWN: at least this much data is missing, bytes */
	uint64_t least;
};

/*
 * Decodes what can be decoded of a seekable input.  A lost member of which it is proved how much
 * data it had becomes zeros, so that all other bytes keep their offsets; INFLATE_LOST.  Where that
 * is not proved, what comes may stand at a wrong offset, and at the end some may be missing;
 * INFLATE_UNKNOWN.  lost is called for each.
 */
enum inflate_status inflate_salvage(struct inflate *f,
    void (*lost)(void *arg, const struct inflate_lost *l), void *arg);

/* What lost was called with, in words for a message, in the buffer, which comes back. */
#define INFLATE_LOST_WORDS 192
const char *inflate_lost_words(char words[INFLATE_LOST_WORDS], const struct inflate_lost *l);

/*
 * For the functions above, which are in files of their own (walk.c, salvage.c): one member, whose
 * header is still to be taken, or has been (inflate_body).  They fill in m; inflate_body neither
 * its offset nor its data_offset.
 */
enum inflate_status inflate_member(struct inflate *f, struct inflate_member *m);
enum inflate_status inflate_body(struct inflate *f, struct inflate_member *m);

/* Likewise a zlib stream, if one comes; inflate_member has said where it starts. */
enum inflate_status inflate_zlib(struct inflate *f, struct inflate_member *m);

/* The input ended too early: whether it was cut, or could not be read. */
enum inflate_status inflate_ended_early(struct inflate *f);

/* Takes zeros; whether the input ends behind them.  Else another member may come. */
int inflate_ended(struct inflate *f);

#endif
