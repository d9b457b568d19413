/* The threads and the modules of a core, one after the other, as text: there may be very many. */
#ifndef GZCORE_CORE_LISTS_H
#define GZCORE_CORE_LISTS_H

#include <stddef.h>

#include "core/core.h"

/*
 * Gives the lists to put, piece by piece: lines of the form KEY=VALUE, or with json the members
 * thread_list and module_list of an object, each with a comma before it.  Returns 0, or -1 with
 * put's errno.
 */
int core_lists(const struct core *c, int json, int (*put)(void *arg, const char *text, size_t len),
    void *arg);

#endif
