/* What a person reads first of a stored dump, on a terminal: one screen, by its record. */
#ifndef GZCORE_DUMPS_PAGE_H
#define GZCORE_DUMPS_PAGE_H

#include "dumps/operand.h"

/*
 * Writes the page of the dump n, which the operand of a command line names, to the terminal fd.  Returns 0, or -1 with
 * errno.
 */
int page_put(const struct operand *n, const char *operand, int fd);

#endif
