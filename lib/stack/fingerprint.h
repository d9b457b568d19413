/*
 * A short word for a stack that is the same for the same bug: the FNV-1a hash, of 64 bits, over the
 * frames that matter, a line for each, as fingerprint_line makes it.
 */
#ifndef GZCORE_STACK_FINGERPRINT_H
#define GZCORE_STACK_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>

#include "stack/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The most frames that count. */
#define FINGERPRINT_FRAMES 8
/* A line's longest, bytes with the terminator; what is longer is cut. */
#define FINGERPRINT_LINE 512
#define FINGERPRINT_TEXT 17
/* Of the way that a fingerprint is made: those of one version compare.  Records without a version have the first. */
#define FINGERPRINT_VERSION 2

/*
 * Which frames of a stack, the first frame first, matter: the numbers of at most FINGERPRINT_FRAMES of them
 * into which.  Left out are, at the top, what the C and C++ libraries run through between the mistake and the
 * signal (abort, assert, terminate...), with a handler that raised the signal anew; at the bottom what they
 * start a program or a thread with, and what a handler that went wrong interrupted; all but one of a
 * function that called itself; and frames without a module.  Returns how many.
 */
size_t fingerprint_frames(const struct trace_frame *f, size_t n, size_t which[FINGERPRINT_FRAMES]);

/*
 * The line of a frame, without its end: "MODULE!FUNCTION", the module without its folder, the function
 * without version, without what a compiler adds to its copies and without Rust's hash; else "BUILD-ID+0xOFFSET", else
 * "MODULE+0xOFFSET", else "?".  Returns its length.
 */
size_t fingerprint_line(const struct trace_frame *f, char line[FINGERPRINT_LINE]);

/* The length of f->symbol, which is not NULL, without version and without what a compiler adds. */
size_t fingerprint_bare(const struct trace_frame *f);

/* The fingerprint of a stack in hexadecimal; "" when no frame of it matters. */
void fingerprint(const struct trace_frame *f, size_t n, char text[FINGERPRINT_TEXT]);

#ifdef __cplusplus
}
#endif

#endif
