/* Linux's ways to move bytes through pipes, beyond POSIX: pipe(7), splice(2). */
#ifndef GZCORE_SYSTEM_PIPE_H
#define GZCORE_SYSTEM_PIPE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The size that pipes are enlarged to, bytes.  The kernel writes a core a page at a time and waits
 * for the reader.  A larger pipe gains nothing, and unprivileged users may not have one
 * (/proc/sys/fs/pipe-max-size).
 */
#define PIPE_SIZE (1024 * 1024)

/* Enlarges the pipe of fd.  Best effort: if fd is no pipe, or may not grow, nothing changes. */
void pipe_grow(int fd);

/*
 * A descriptor to read from, which still belongs to the caller.  A pipe is enlarged, and its
 * content is spliced into a pipe of our own before it is copied: the kernel locks a pipe while a
 * read copies from it, and the writer of a core would wait, spinning.
 */
struct pipe_input {
	int fd;
	int own[2];	/* our pipe; -1: none */
};

void pipe_open(struct pipe_input *p, int fd);
void pipe_close(struct pipe_input *p);

/*
 * Reads until len bytes or the end of file, like io_read, but does not wake up for every page that
 * the kernel puts into a pipe: after a short read it sleeps briefly while the pipe fills.  buf
 * should come from io_buffer.
 */
ssize_t pipe_gather(struct pipe_input *p, void *buf, size_t len);

/*
 * Moves 1 to len bytes from in to out without copying them.  Returns the number of bytes moved, 0
 * at the end of in, -1 with errno; EINVAL if this pair of files cannot be spliced.
 */
ssize_t pipe_splice(int in, int out, size_t len);

/*
 * Writes all of buf[len] to out, and if that is a pipe the pages themselves (vmsplice(2)): they must
 * never be written again, and may be unmapped.  Returns 0, or -1 with errno.
 */
int pipe_lend(int out, const void *buf, size_t len);

/*
 * Waits until in can be read: returns 1; 0 when a signal has ended standard input (end_input.h),
 * whichever thread it came to; -1 with errno EPIPE when nobody reads out any more, however long in
 * stands still.
 */
int pipe_await(int in, int out);

/*
 * Moves the rest of in to out, each piece after pipe_await, copying it only when splice(2) cannot.
 * Returns 0, IO_READ or IO_WRITE (base/io.h) with errno.
 */
int pipe_pass(int in, int out);

/* The same, of at most so many bytes.  Returns 1 if there are more, of which one may be lost. */
int pipe_pass_most(int in, int out, uint64_t most);

/*
 * Reads the first len bytes of a pipe, which also stay in it (tee(2)).  Waits until they have come,
 * the pipe has ended or is full, or nothing more has come for patience ms (-1: wait for ever).
 * Returns their number; -1 with errno, EINVAL if fd is no pipe.
 */
ssize_t pipe_peek(int fd, void *buf, size_t len, int patience);

#endif
