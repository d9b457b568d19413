/* Reading, writing and opening: the only place of the house that calls read, write and close. */
#ifndef GZCORE_BASE_IO_H
#define GZCORE_BASE_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Makes descriptors 0, 1 and 2 valid, so that no later open takes their place. One that was
 * closed becomes a /dev/null that its user cannot use: a write to a closed standard output stays
 * an error.  Returns -1 with errno when /dev/null cannot be opened.
 */
int io_std(void);

/* Raises the number of files that the process may have open as far as it may: its hard limit (setrlimit(2)). */
void io_most_files(void);

/*
 * Opens PATH for reading; NULL and "-" mean standard input.  Returns a descriptor (0 for standard
 * input), or -1 with errno; a directory is EISDIR.  The caller closes it with io_close.
 */
int io_open(const char *path);

/*
 * Memory of len bytes to read into, which the caller frees; NULL with errno.  Some processors copy what
 * was read at a quarter of their speed to a place that is not a multiple of IO_ALIGN.
 */
void *io_buffer(size_t len);
#define IO_ALIGN 64u

/*
 * Reads until len bytes or the end of file.  Retries after EINTR and, on a non-blocking
 * descriptor, waits.  Returns the bytes read, less than len only at the end; -1 with errno.
 */
ssize_t io_read(int fd, void *buf, size_t len);

/* One read of 1 to len bytes, otherwise as io_read; 0 is the end of file. */
ssize_t io_read_some(int fd, void *buf, size_t len);

/* As io_read, from byte off of a seekable file, leaving its position. */
ssize_t io_pread(int fd, void *buf, size_t len, uint64_t off);

/* Writes all len bytes.  Returns 0, or -1 with errno; how much was written is then unknown. */
int io_write(int fd, const void *buf, size_t len);

/* The same, to byte off of a file that can be sought, leaving its position. */
int io_pwrite(int fd, const void *buf, size_t len, uint64_t off);

/* As io_write, to the descriptor *(int *)fd: for those who are given a function to write with. */
int io_put(void *fd, const char *text, size_t len);

/* Whether fd is a regular file. */
int io_regular(int fd);

/*
 * Whether fd is a regular file, and one that holds what was written to it: none of procfs, tracefs and their like,
 * where to read may do something, as it takes the messages from /proc/kmsg.  O_PATH will do.
 */
int io_stored(int fd);

/*
 * Opens a file to read that others may have named: only one that is io_stored, without so much as opening anything
 * else, since a watchdog starts when it is opened and a tape winds.  links 0: nor what is a link itself.  The
 * descriptor, or -1 with errno, EINVAL when it is none.
 */
int io_open_regular(const char *path, int links);

/* Waits until a non-blocking descriptor can be read (write = 0) or written. */
void io_wait(int fd, int write);

/* Closes fd; an error of close (a late write error) is reported as -1 with errno. EINTR is none. */
int io_close(int fd);

/* Copies what is left of in to out through a buffer.  Returns 0, IO_READ or IO_WRITE with errno. */
int io_copy(int in, int out);
#define IO_READ (-1)
#define IO_WRITE (-2)

/*
 * A descriptor with the rest of fd's bytes that can be sought: fd itself when it can, else a copy
 * in an unlinked file below $TMPDIR or /tmp, which the caller owns.  -1 with errno.
 */
int io_seekable(int fd);

/* A new unlinked file below $TMPDIR or /tmp, open for both; -1 with errno. */
int io_tmpfile(void);

/* The same in a directory. */
int io_tmpfile_in(const char *dir);

#endif
