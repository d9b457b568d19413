/*
 * The identity of a file that a core names.  It may lie where nothing answers, and be anything: a
 * process of its own opens it, and gives up its rights before it reads.
 */
#ifndef GZCORE_PROC_LOOKUP_H
#define GZCORE_PROC_LOOKUP_H

#include "elf/id.h"

/*
 * Reads the identity of the regular file at path.  Returns 1; 0 when there is none, or it did not
 * come in FACTS_FILE_MS.
 */
int lookup_identity(const char *path, struct elf_id *id);

/*
 * For a process that is about to confine itself: another one, which has nothing else of it open,
 * does this for it from now on, until it ends.  Returns 0, or -1 with errno.
 */
int lookup_apart(void);

#endif
