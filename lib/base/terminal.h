/* Asking the user at the terminal, whatever standard input is. */
#ifndef GZCORE_BASE_TERMINAL_H
#define GZCORE_BASE_TERMINAL_H

#include <stddef.h>

/*
 * Writes the question to the process's terminal and reads a line of less than len bytes from
 * there.  Returns 0; -1 if there is no terminal; 1 if no line came, or an empty or longer one.
 */
int terminal_ask(const char *question, char *line, size_t len);

#endif
