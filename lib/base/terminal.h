/* Asking who sits at the terminal, whatever standard input is. */
#ifndef GZCORE_BASE_TERMINAL_H
#define GZCORE_BASE_TERMINAL_H

#include <stddef.h>

/*
 * Writes the question to the terminal of the process and reads a line of less than len bytes from there.  Returns 0;
 * -1 when there is no terminal, and 1 when no line, an empty or a longer one came.
 */
int terminal_ask(const char *question, char *line, size_t len);

#endif
