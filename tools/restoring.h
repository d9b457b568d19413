/* Restoring a stored core for a debugger: core-open's own part. */
#ifndef GZCORE_TOOLS_RESTORING_H
#define GZCORE_TOOLS_RESTORING_H

#include "core/core.h"
#include "dumps/operand.h"
#include "stored/image.h"

/* Whether a debugger can read the stored file itself. */
int is_plain_core(int fd);

/*
 * Puts the core into a file that a debugger can read, and returns a descriptor of that.  What is wrong is said on
 * standard error, and ends the program when nothing is left.  identity is the file for age, or NULL: the terminal is
 * asked; with verbose it says where the core was put.
 */
int restore_core(const struct operand *o, const char *identity, int verbose);

/* Reads the core of a file that a debugger can read, and says what it lacks; no core ends the program. */
void read_core(struct core *c, struct image **i, int fd, const char *name);

#endif
