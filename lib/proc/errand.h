/*
 * Errands for a process that confines itself: another one, which has nothing else of it open,
 * keeps the rights that it gives up, and opens files for it.  That one parses nothing.
 */
#ifndef GZCORE_PROC_ERRAND_H
#define GZCORE_PROC_ERRAND_H

#include "elf/id.h"
#include "system/scratch.h"

/*
 * Starts it, for this process and its children: from now on it does what the functions below say,
 * and what io_open_regular does, until all of them have ended.  Returns 0, or -1 with errno: then the
 * process itself does these, as without this call, as far as it still can.
 */
int errand_start(void);

/*
 * Reads the identity of the regular file at path, which may lie where nothing answers, and be
 * anything: by a child that gives up its rights before it reads.  Returns 1; 0 when there is none,
 * or it did not come in FACTS_FILE_MS.
 */
int errand_identity(const char *path, struct elf_id *id);

/* As scratch_open. */
int errand_scratch(uint64_t size, enum scratch_where where);

#endif
