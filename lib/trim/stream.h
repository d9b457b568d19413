/*
 * A core that comes through a pipe: its head first, then the whole of it, passed on while memory is
 * put aside.
 */
#ifndef GZCORE_TRIM_STREAM_H
#define GZCORE_TRIM_STREAM_H

#include <stdint.h>

#include "trim/selection.h"
#include "trim/trim.h"

struct trim_stream {
	struct core core;	/* parsed as far as its notes; ask_files is the caller's to set */
	struct image *head;	/* its headers and notes; NULL when they did not come */
	int in;
	int *touched;		/* the caller's, or NULL: 0 while nothing was taken out */
	int error;		/* errno of TRIM_SYSTEM */

	/* Its own: the bytes that have been taken out of in. */
	uint64_t end;		/* of the headers and notes */
	uint64_t consumed;	/* how many bytes have been taken */
	int spool;		/* an unlinked file: the first spooled of them, and the selection */
	uint64_t spooled;
	uint8_t *buf;		/* the last tail of them, which the spool did not take */
	size_t tail;
	int peeked;		/* the former spool, with a head that is still in in; or -1 */
	struct trim_selection selection;
};

void trim_stream_init(struct trim_stream *s, int in);
void trim_stream_close(struct trim_stream *s);

/*
 * Reads the head of the core.  With peek, and when in is a pipe that can hold the head, nothing is
 * taken out of it.  Whatever comes back, the caller may pass the core on.
 */
enum trim_status trim_stream_head(struct trim_stream *s, int peek);

/* Whether nothing has been taken out of in: another can read the core from its start. */
int trim_stream_untouched(const struct trim_stream *s);

/*
 * Writes the whole core to out.  Returns 0, CORE_READ_IN or CORE_READ_OUT (core/read.h) with errno.
 */
int trim_stream_pass(struct trim_stream *s, int out);

/*
 * The same, and puts memory aside for t; out -1: only reads the core.  The caller has set only the
 * options of t, and calls trim_plan next, if *st is TRIM_OK.  When there can be no small core,
 * which *st says, the core is passed on all the same.
 */
int trim_stream_select(struct trim_stream *s, struct trim *t, int out, enum trim_status *st);

#endif
