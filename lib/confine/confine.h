/*
 * Confinement: a program that has opened what it needs gives up the rest, so that whoever misleads
 * it by the bytes that it reads gains nothing.
 */
#ifndef GZCORE_CONFINE_CONFINE_H
#define GZCORE_CONFINE_CONFINE_H

/*
 * System calls for confine_to: for input, output, memory, messages and the end; and to start threads.
 * Without clone3, whose flags no filter can see, C libraries fall back to clone.  The kernel makes
 * restart_syscall for a wait that a stop has interrupted.
 */
#define CONFINE_BASE "brk close exit_group fstat futex lseek madvise mmap mprotect mremap munmap " \
	"newfstatat poll read restart_syscall rt_sigprocmask write"
/* What parses an open file needs, and may say what it finds to another one. */
#define CONFINE_PARSE CONFINE_BASE " pread64"
#define CONFINE_THREADS "clone exit rseq"
/*
 * From now on this process, which has no other thread yet, and the threads that it starts:
 *
 * - can make only the system calls named in calls, words with a blank between two; others fail with
 *   ENOSYS, as on a kernel that lacks them (seccomp(2)).  A name that the machine does not have is
 *   left out; where another C library makes another call in its place, that is allowed too;
 * - can open nothing by its path (landlock(7));
 * - are not root: a root becomes the user and group CONFINE_USER, without capabilities, or where
 *   this user is not mapped loses its capabilities alone; and what is executed gets no more rights
 *   (PR_SET_NO_NEW_PRIVS).
 *
 * A part that the build or the kernel lacks is left out: confine_words tells.  With a sanitizer, which
 * opens files whenever it likes, nothing is done.  Returns 0, or -1 with errno
 * when a part was refused; the others are in force.
 *
 * With GZCORE_CONFINE=no in the environment, for a debugger, nothing is done: returns 1.  With
 * UID:GID there, numbers that are not 0, root becomes these in place of CONFINE_USER.
 *
 * A program whose crash must leave a core does not confine itself: this one leaves none.
 */
int confine_to(const char *calls);
#define CONFINE_USER 65534

/*
 * For a program that opens files as its input says: it can make all system calls but those named,
 * which fail with EPERM, and what it executes gets no more rights.  Returns as confine_to.
 */
int confine_without(const char *calls);

/* What confine can put in force here, for -V: such as "seccomp, landlock". */
const char *confine_words(void);

#endif
