/* A stored dump as a line of a table: what core-list(1) prints of it by default. */
#ifndef GZCORE_DUMPS_COLUMNS_H
#define GZCORE_DUMPS_COLUMNS_H

#include "dumps/directory.h"
#include "record/writer.h"

/*
 * The titles of the columns, and a dump's values, each with the end of the line; with reason a line more, why it died,
 * where that is known.
 */
void columns_head(struct writer *w);
void columns_dump(struct writer *w, const struct dump *d, int reason);

#endif
