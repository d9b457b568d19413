/* A core that comes through a pipe, for core-trim: its head first, and what may be wanted of the rest as it passes. */
#ifndef GZCORE_TRIM_STREAM_H
#define GZCORE_TRIM_STREAM_H

#include <stdint.h>

#include "trim/trim.h"

/* The most of a stream's memory that is put aside, bytes. */
#define TRIM_STREAM_MOST (256u * 1024 * 1024)

struct trim_stream {
	struct core core;	/* parsed as far as its notes; the caller gives it ask_files after trim_stream_init */
	struct image *head;	/* its headers and notes; NULL when they did not come */
	int in;
	int *touched;		/* the caller's, or NULL: is 1 before anything is taken out of in */

	/* Its own. */
	int spool;		/* an unlinked file with what has been kept, each byte at its offset in the core */
	int peeked;		/* the same of a head that is still in in: in memory */
	uint64_t end;		/* of the headers and notes */
	uint64_t consumed;	/* bytes that have been read of in */
	uint64_t spooled;	/* of them, that are in the spool in one piece from its start */
	uint8_t *buf;		/* and what is not, tail bytes */
	size_t tail;
	struct trim *trim;
	struct trim_pages there; /* memory in the spool */
	struct trim_place *by_offset;
	size_t loads, load;	/* the one that comes */
	int all_seen;
	int error;		/* errno, when memory could not be put aside: without it there is no small core */
};

void trim_stream_init(struct trim_stream *s, int in);
void trim_stream_close(struct trim_stream *s);

/*
 * Reads the head of the core.  With peek, where in is a pipe that can hold it, nothing is taken out of that.  The
 * caller may go on with trim_stream_pass whatever came of it.
 */
enum trim_status trim_stream_head(struct trim_stream *s, int peek);

/* Whether nothing has been taken out of in: another can read the core from its start. */
int trim_stream_untouched(const struct trim_stream *s);

/* Writes the whole core to out.  Returns 0, CORE_READ_IN or CORE_READ_OUT (core_read.h) with errno. */
int trim_stream_pass(struct trim_stream *s, int out);

/*
 * The same, or with out -1 only reads it, and puts aside what may be kept of its memory, for t, of which the caller has
 * set the options alone: trim_plan is next.  *st says what came of that; passing on goes on whatever it is.
 */
int trim_stream_select(struct trim_stream *s, struct trim *t, int out, enum trim_status *st);

#endif
