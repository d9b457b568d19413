/* The table that core-list(1) prints. */
#ifndef GZCORE_DUMPS_COLUMNS_H
#define GZCORE_DUMPS_COLUMNS_H

#include <stddef.h>

#include "dumps/directory.h"
#include "record/writer.h"

#define COLUMNS_MOST 8

/* The widths of the columns and of the name behind them, which has no end where it is 0; a column of 0 is not shown. */
struct columns {
	size_t width[COLUMNS_MOST];
	size_t name;
};

/* Those of a table that is no terminal's, whatever is in it. */
void columns_plain(struct columns *c);

/*
 * For a terminal of that many columns: all zeros first, then each dump that will be shown, then the
 * fit.  What does not fit is cut or left out; the name is cut last.
 */
void columns_measure(struct columns *c, const struct dump *d);
void columns_fit(struct columns *c, size_t width);

/*
 * The titles of the columns, and a dump's values, each with the end of the line; with reason a line more, why it died,
 * where that is known.
 */
void columns_head(struct writer *w, const struct columns *c);
void columns_dump(struct writer *w, const struct columns *c, const struct dump *d, int reason);

#endif
