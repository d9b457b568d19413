/* The table that core-list(1) prints. */
#ifndef GZCORE_DUMPS_COLUMNS_H
#define GZCORE_DUMPS_COLUMNS_H

#include <stddef.h>

#include "dumps/directory.h"
#include "record/writer.h"

#define COLUMNS_MOST 8

/*
 * The widths of the columns, and of the name after them.  A column of width 0 is not shown; a name of
 * width 0 is shown whole.
 */
struct columns {
	size_t width[COLUMNS_MOST];
	size_t name;
};

/* The widths for output that is no terminal: always the same, whatever is in the table. */
void columns_plain(struct columns *c);

/*
 * The widths for a terminal of width columns: start with all zeros, measure each dump that will be
 * shown, then fit.  What does not fit is cut or left out; the name is cut last.
 */
void columns_measure(struct columns *c, const struct dump *d);
void columns_fit(struct columns *c, size_t width);

/*
 * Write a line with the titles of the columns, and a line with a dump's values.  With reason, another
 * line says why the process died, if that is known.
 */
void columns_head(struct writer *w, const struct columns *c);
void columns_dump(struct writer *w, const struct columns *c, const struct dump *d, int reason);

#endif
