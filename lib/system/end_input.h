/*
 * Signals that end a filter's input instead of the filter, so it can still report what it has
 * seen.  Signals belong to the whole process, and so does this state: use it once, before there are
 * threads; any of them may ask what has come.
 */
#ifndef GZCORE_SYSTEM_END_INPUT_H
#define GZCORE_SYSTEM_END_INPUT_H

#include <sys/types.h>

/*
 * From now on SIGTERM, SIGINT and SIGHUP, unless they are ignored, turn standard input into
 * /dev/null: this closes the kernel's pipe, and interrupts a waiting read.  SIGPIPE and SIGXFSZ are
 * ignored, so a failed write does not kill us.  Returns 0, or -1 with errno.
 */
int end_input_heed(void);

/*
 * Closes a standard descriptor, whose number no later open gets: the same as after io_close and
 * io_std, and without a path once end_input_heed was called.  Returns what closing it returned.
 */
int end_input_close(int fd);

/* Restores all these signals, before another program is executed. */
void end_input_restore(void);

/*
 * Sends the same signals to two children from now on, and those that have already come; 0: to none.
 */
void end_input_tell(pid_t child, pid_t other);

/* Which of these signals has come, or 0. */
int end_input_told(void);

#endif
