/* A frame as a line for a person at a terminal. */
#ifndef GZCORE_RECORD_FRAME_FIT_H
#define GZCORE_RECORD_FRAME_FIT_H

#include <stddef.h>

#include "record/frame.h"

/* The widest line, columns. */
#define FRAME_FIT 1024

/*
 * The frame in at most width columns, at least 20 and at most FRAME_FIT; terminated.  Its parts are
 * those of the line of a record, but the module has no folder and no build-id, and the address is
 * left out below 100 columns if there is a file.  What does not fit is cut: the file's folder, the
 * address, the module, and last the middle of the function's name.
 */
void frame_fit(const struct frame *f, size_t width, char out[FRAME_FIT + 1]);

#endif
