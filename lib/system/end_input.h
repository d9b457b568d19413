/*
 * Signals that end a filter's input instead of the filter, which then goes on to say what it has seen.  Signals are the
 * process's, and so is what is known of them here: for a program with one thread, once.
 */
#ifndef GZCORE_SYSTEM_END_INPUT_H
#define GZCORE_SYSTEM_END_INPUT_H

#include <sys/types.h>

/*
 * From now on SIGTERM, SIGINT and SIGHUP, unless they are ignored, make standard input /dev/null: the kernel's pipe is
 * closed by that, and a read that waits is interrupted.  A failed write is no death: SIGPIPE is ignored, and SIGXFSZ.
 * Returns 0, or -1 with errno.
 */
int end_input_heed(void);

/* All of these as they were, for a program that is to be executed. */
void end_input_restore(void);

/* A process that gets the same signals from now on, and what has come already; 0: none. */
void end_input_tell(pid_t child);

/* Which of them has come, or 0. */
int end_input_told(void);

#endif
