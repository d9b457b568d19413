/*
 * Signals that end a filter's input instead of the filter, which then goes on to say what it has seen.  Signals are the
 * process's, and so is what is known of them here: for a program with one thread, once.
 */
#ifndef GZCORE_END_INPUT_H
#define GZCORE_END_INPUT_H

#include <signal.h>
#include <sys/types.h>

/*
 * From now on SIGTERM, SIGINT and SIGHUP, unless they are ignored, make standard input /dev/null: the kernel's pipe is
 * closed by that, and a read that waits is interrupted.  A failed write is no death: SIGPIPE is ignored; as it
 * was it is put into *pipe, unless that is NULL.  Returns 0, or -1 with errno.
 */
int end_input_heed(struct sigaction *pipe);

/* A process that gets the same signals from now on; 0: none. */
void end_input_tell(pid_t child);

/* Which of them has come, or 0. */
int end_input_told(void);

#endif
