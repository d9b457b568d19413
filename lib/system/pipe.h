/* What Linux offers beyond POSIX to move bytes through pipes: pipe(7), splice(2). */
#ifndef GZCORE_SYSTEM_PIPE_H
#define GZCORE_SYSTEM_PIPE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * The size that pipes are given, bytes.  The kernel writes a core a page at a time and waits for
 * the reader; more than this gains nothing, and an unprivileged user may not have it
 * (/proc/sys/fs/pipe-max-size).
 */
#define PIPE_SIZE (1024 * 1024)

/* Enlarges the pipe behind fd.  Best effort: what is no pipe, or may not grow, stays as it is. */
void pipe_grow(int fd);

/*
 * A descriptor to read from, which stays the caller's.  Where it is a pipe, that is enlarged, and
 * what is in it is spliced into one of our own before it is copied: the kernel locks a pipe for as long as
 * a read copies from it, and who writes a core waits, spinning.
 */
struct pipe_input {
	int fd;
	int own[2];	/* -1: none */
};

void pipe_open(struct pipe_input *p, int fd);
void pipe_close(struct pipe_input *p);

/*
 * Reads until len bytes or the end of file, as io_read does, but does not wake up for every page
 * that the kernel puts into a pipe: after a short read it naps, and the pipe takes what comes.
 * buf is best from io_buffer.
 */
ssize_t pipe_gather(struct pipe_input *p, void *buf, size_t len);

/*
 * Moves 1 to len bytes from in to out without copying them.  Returns the bytes moved, 0 at the
 * end of in, -1 with errno; EINVAL when this pair of files cannot be spliced.
 */
ssize_t pipe_splice(int in, int out, size_t len);

/*
 * The first len bytes that a pipe holds, which stay in it (tee(2)); waits until they are there, the pipe
 * has ended, or nothing more has come for so many ms, -1: for ever; a pipe that is full gets no more.  Returns how
 * many; -1 with errno, EINVAL when fd is no pipe.
 */
ssize_t pipe_peek(int fd, void *buf, size_t len, int patience);

#endif
