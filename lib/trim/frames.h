/* What stands on stacks: words, and the frames of signal handlers. */
#ifndef GZCORE_TRIM_FRAMES_H
#define GZCORE_TRIM_FRAMES_H

#include "trim/trim.h"

/* Gives each aligned word of the pages of a range that are kept. */
void trim_frames_words(const struct trim *t, uint64_t start, uint64_t end, void (*each)(void *arg, uint64_t word),
    void *arg);

/*
 * Gives the stack pointer that was interrupted, of each of what looks like the frame of a signal (struct sigcontext of
 * arch/.../include/uapi/asm/sigcontext.h): of x86, arm and aarch64.
 */
void trim_frames_signals(const struct trim *t, uint64_t start, uint64_t end, void (*each)(void *arg, uint64_t sp),
    void *arg);

#endif
