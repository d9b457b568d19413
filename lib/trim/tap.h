/*
 * Makes the small core of a core and gives it to its output: of an image; or of a pipe, as a tap,
 * while the whole core passes.
 */
#ifndef GZCORE_TRIM_TAP_H
#define GZCORE_TRIM_TAP_H

#include <stdarg.h>

#include "store/output.h"
#include "trim/process.h"
#include "trim/trim.h"

/* The status for a command that is not there, as a shell has it. */
#define TRIM_TAP_NOT_STARTED 127

/* The system calls of who reads the core, unless it makes a file, for confine_to. */
#define TRIM_TAP_CALLS \
	"brk clock_gettime clone close dup2 exit_group fcntl fstat kill lseek mmap munmap pipe2 " \
	"poll pread64 pwrite64 read recvmsg restart_syscall rt_sigreturn sendmsg splice tee " \
	"wait4 write"

struct trim_tap {
	/* The caller's. */
	struct trim_options options;
	struct trim_process process;	/* pid 0: the memory is the core's */
	struct output small;		/* where the small core goes */
	/*
	 * The command that gets the whole core.  NULL: standard output gets it when small.file is
	 * set, else nobody does.
	 */
	char **whole;
	/*
	 * Called with each message for the user, as by vwarnx(3), or with an errno as by vwarn(3).
	 */
	void (*say)(int error, const char *format, va_list args);

	/* Its own. */
	struct command_hold hold;	/* shared NULL: we are not the child of trim_tap_apart */
};

/* The core is in an image, called name in messages.  Returns the exit status. */
int trim_tap_image(const struct trim_tap *p, struct image *i, const char *name);

/*
 * The core is standard input, which need not be sought.  Returns the exit status: the whole core's
 * when there is a tap.
 */
int trim_tap_pipe(struct trim_tap *p);

/*
 * The same with a command for the whole core.  A child reads the core, so that it goes to the
 * command whatever the child dies of.
 */
int trim_tap_apart(struct trim_tap *p);

/*
 * Becomes the command for the whole core, which reads standard input.  Returns only when that
 * fails: the exit status.
 */
int trim_tap_become_whole(const struct trim_tap *p);

#endif
