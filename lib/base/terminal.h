/* The user's terminal: asking there, whatever standard input is; its width, and text that fits it. */
#ifndef GZCORE_BASE_TERMINAL_H
#define GZCORE_BASE_TERMINAL_H

#include <stddef.h>

/*
 * Writes the question to the process's terminal and reads a line of less than len bytes from
 * there.  Returns 0; -1 if there is no terminal; 1 if no line came, or an empty or longer one.
 */
int terminal_ask(const char *question, char *line, size_t len);

/*
 * How many columns the terminal fd has: COLUMNS in the environment, or else what the terminal says;
 * 0 when fd is no terminal.
 */
unsigned terminal_width(int fd);

/* Whether colours are wanted there: unless NO_COLOR is set and not empty, or TERM is "dumb". */
int terminal_colours(int fd);

/*
 * Copies text[len] into out[width + 1]: at most width characters, "..." in place of the middle that
 * does not fit; and '?' in place of what is no printable ASCII.  Returns the length.
 */
size_t terminal_fit(char *out, const char *text, size_t len, size_t width);

#endif
