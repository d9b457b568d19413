/*
 * The values of a dump's record, NAME.txt, by which a directory is listed, searched and pruned.
 */
#ifndef GZCORE_DUMPS_VALUES_H
#define GZCORE_DUMPS_VALUES_H

#include <stdint.h>

#include "dumps/directory.h"

/*
 * Reads the record of that name in the directory dir into d, whose name and files stay empty;
 * d->state is what the record says.  *left is how many bytes of records may still be read,
 * UINT64_MAX for any; it goes down.  Returns 0, and d->record is to be freed; -1 with errno when it
 * is no record, or cannot be read: ENOMEM or another.
 */
int dump_values_read(struct dump *d, int dir, const char *file, uint64_t *left);

/*
 * The value of the record's next line with the key, behind last, which is one of its values or
 * NULL: escaped as it is there, or NULL when there is none.
 */
const char *dump_next_value(const struct dump *d, const char *key, const char *last);

#endif
