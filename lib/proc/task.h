/* A process in /proc: a directory that stays that process's, and the text files in it (proc(5)). */
#ifndef GZCORE_PROC_TASK_H
#define GZCORE_PROC_TASK_H

#include <stdint.h>
#include <sys/types.h>

/* As long as status gets: it lists up to NGROUPS_MAX groups, 65536 numbers of ten digits. */
#define PROC_STATUS (1u << 20)

/*
 * Opens /proc/PID.  Nothing can be read through the descriptor once that process has gone, whoever gets its number
 * then.  Returns the descriptor, -1 with errno: ESRCH when there is no such process.
 */
int proc_hold(pid_t pid);

/*
 * Opens the directory of a thread that still has its memory, its files and its directories: the process's own one,
 * unless its first thread has ended, which leaves /proc/PID without them; then that of the thread tid (0: not known),
 * or of the first other one.  Returns the descriptor, -1 with errno: ESRCH when there is none.
 */
int proc_hold_thread(int dir, pid_t tid);

/* Opens a file of the process, to read it, through such a directory; -1 with errno. */
int proc_open_file(pid_t pid, const char *name);

/*
 * Opens the files of the process with these names, words with a blank between two, which
 * proc_open_file gives from then on, also to who can open them no more.  Returns 0, or -1 with
 * errno.
 */
int proc_open_early(pid_t pid, const char *names);

/* The text of a file of dir, terminated, as much as size holds; 0, or -1 when it cannot be read. */
int proc_text(int dir, const char *name, char *text, size_t size);

/* What follows "Key:" in text, lines of status or fdinfo; NULL when there is none. */
const char *proc_value(const char *text, const char *key);

/*
 * Whether the kernel is dumping the process of dir, a thread of which has the real user uid: 1 yes, 0 no.  Kernels
 * before 4.15 do not say it.  tid (0: not known) is the thread that is asked first.
 */
int proc_is_dumped(int dir, pid_t tid, uint32_t uid);

#endif
