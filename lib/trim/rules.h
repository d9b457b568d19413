/* The rules of a plan: each keeps one kind of memory.  Those on stacks are in stacks.h. */
#ifndef GZCORE_TRIM_RULES_H
#define GZCORE_TRIM_RULES_H

#include "trim/trim.h"

/* How much of a link map's entry is kept: glibc's is longer than <link.h> shows, bytes. */
#define TRIM_LINK 1200

/*
 * Modules (modules.c): what identifies them; the link map, and whether there is one; the symbols
 * that were asked for.
 */
void trim_keep_modules(struct trim *t);
int trim_keep_links(struct trim *t);
void trim_keep_symbols(struct trim *t);

/* Around the addresses in the crashed thread's registers. */
void trim_keep_registers(struct trim *t);

/* After an abort: the C++ exception that is handled, and the C library's message. */
void trim_keep_said(struct trim *t);

/*
 * The line of our note with the code around the crashed thread's pc, in text[len]: of files' code a core has nothing.
 * Returns its length, 0 when that is not known.
 */
size_t trim_code_line(const struct trim *t, char *text, size_t len);

/* Where the thread pointers point. */
void trim_keep_thread_data(struct trim *t);

/* The spans and the mappings of files that were asked for. */
void trim_keep_spans(struct trim *t);
void trim_keep_files(struct trim *t);

/* Small mappings; and all mappings of files. */
void trim_keep_small_data(struct trim *t);
void trim_keep_file_data(struct trim *t);

/* The start of the heap: where there is no link map, it has what stands for one. */
void trim_keep_heap(struct trim *t);

/* The start of each segment, in which a module's headers and notes may be. */
void trim_keep_starts(struct trim *t);

/* Code that is in no file, around what the stacks that are kept may return to. */
void trim_keep_code(struct trim *t);

/* Memory that the stacks that are kept point to, and what that points to. */
void trim_keep_pointed(struct trim *t);

/* The note of what the modules' files say of the stacks that are kept (unwind.c). */
void trim_keep_unwind(struct trim *t);

/* Whether a pattern is for a path: for all of it, or for its last part. */
int trim_matches(const char *pattern, const char *path);

#endif
