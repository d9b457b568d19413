/*
 * A frame of a stack, as a line that core-trace prints and that a record has after frame=:
 *
 *	#NUMBER ADDRESS  FUNCTION+OFFSET  FILE:LINE  MODULE+OFFSET  [BUILD-ID]  [?]
 *
 * Two blanks stand between parts, and nowhere else; parts that are not known are left out; an inlined function has
 * " [inlined]" in place of its offset.
 */
#ifndef GZCORE_RECORD_FRAME_H
#define GZCORE_RECORD_FRAME_H

#include <stddef.h>

#include "record/writer.h"

/* A part of the line, with its escapes; len 0: not known. */
struct frame_text {
	const char *text;
	size_t len;
};

struct frame {
	struct frame_text number, pc, function, function_offset, file, line, module, offset,
	    build_id;
	int inlined, unsure;
};

/* Reads a line, text[n].  Returns 0, or -1 when it is none. */
int frame_read(struct frame *f, const char *text, size_t n);

/* Writes it as a JSON object. */
void frame_json(struct writer *w, const struct frame *f);

/*
 * The frame as "FUNCTION() FILE:LINE" for a person, the file without its folder; without a file
 * "FUNCTION() MODULE+OFFSET"; without a function the rest alone; terminated.  Long names are cut.
 * Escapes stay.  "": nothing is known.
 */
#define FRAME_WHERE 256
void frame_where(const struct frame *f, char out[FRAME_WHERE]);

#endif
