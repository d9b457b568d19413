/*
 * The dynamic linker's list of the modules that it loaded (struct link_map of <link.h>), as the core's memory has it:
 * the names by which it opened them, which may lead by links to the paths in the core's list of files.
 */
#ifndef GZCORE_CORE_LINK_MAP_H
#define GZCORE_CORE_LINK_MAP_H

#include <stdint.h>

#include "core/core.h"
#include "stored/image.h"

/* The longest name, bytes with the terminator, and the most modules that are looked at. */
#define CORE_LINK_NAME 4096
#define CORE_LINKS 65536

/*
 * Calls each for the modules of a core that has been read: with the name, which may hold any byte and is valid during
 * the call, and the address of the module's dynamic section.  Modules without a name, such as the executable, are left
 * out.  What is damaged or loops ends.  A program without a dynamic linker has no modules.
 */
void core_link_map(const struct core *c, struct image *i,
    void (*each)(void *arg, const char *name, uint64_t dynamic), void *arg);

#endif
