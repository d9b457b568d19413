/* A stored dump as text: what core-list(1) says of it with -r and -j. */
#ifndef GZCORE_DUMPS_TEXT_H
#define GZCORE_DUMPS_TEXT_H

#include <stddef.h>

#include "dumps/directory.h"

enum dump_form {
	DUMP_COLUMNS,	/* a line of a table (columns.h) */
	DUMP_LINES,	/* lines of the form KEY=VALUE, and an empty one behind them */
	DUMP_OBJECT,	/* a JSON object of the same keys */
	DUMP_ALL	/* one with all keys of the record (record/lines.h) */
};

/*
 * Gives the text in any form but DUMP_COLUMNS to put, piece by piece.  Returns 0, or -1 with errno:
 * memory, or what put said.
 */
int dump_text(const struct dump *d, enum dump_form form,
    int (*put)(void *arg, const char *text, size_t len), void *arg);

#endif
