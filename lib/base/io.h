/* Reading, writing and opening files.  No other file calls read, write or close. */
#ifndef GZCORE_BASE_IO_H
#define GZCORE_BASE_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Makes descriptors 0, 1 and 2 valid, so that no later open gets their numbers.  A closed one
 * becomes a /dev/null opened for the wrong direction, so a write to a closed standard output is
 * still an error.  Returns -1 with errno if /dev/null cannot be opened.
 */
int io_std(void);

/*
 * Closes all descriptors above 2 except one (or -1): what was inherited is not kept open by a child
 * that hangs.  On kernels before 5.9 those above 1023 stay open.
 */
void io_close_others(int except);

/* Raises the soft limit of open files to the hard limit (setrlimit(2)). */
void io_most_files(void);

/*
 * Opens PATH for reading; NULL and "-" mean standard input.  Returns a descriptor (0 for standard
 * input), or -1 with errno; a directory is EISDIR.  The caller closes it with io_close.
 */
int io_open(const char *path);

/*
 * Allocates len bytes to read into, which the caller frees; NULL with errno.  Some processors read
 * into memory that is not aligned to IO_ALIGN at only a quarter of their speed.
 */
void *io_buffer(size_t len);
#define IO_ALIGN 64u

/* Likewise; as far as len fills huge pages, and the system has some, it is made of those. */
void *io_huge_buffer(size_t len);

/*
 * Reads until len bytes or the end of file.  Retries after EINTR and, on a non-blocking descriptor,
 * waits.  Returns the number of bytes read, less than len only at the end; -1 with errno.
 */
ssize_t io_read(int fd, void *buf, size_t len);

/* One read of 1 to len bytes, otherwise as io_read; 0 is the end of file. */
ssize_t io_read_some(int fd, void *buf, size_t len);

/* As io_read, from byte off of a seekable file, without changing its position. */
ssize_t io_pread(int fd, void *buf, size_t len, uint64_t off);

/* One pread(2) of 1 to len bytes, retried after EINTR. */
ssize_t io_pread_some(int fd, void *buf, size_t len, uint64_t off);

/* Writes all len bytes.  Returns 0, or -1 with errno; how much was written is then unknown. */
int io_write(int fd, const void *buf, size_t len);

/* The same, to byte off of a seekable file, without changing its position. */
int io_pwrite(int fd, const void *buf, size_t len, uint64_t off);

/* As io_write, to the descriptor *(int *)fd: for functions that take a callback to write with. */
int io_put(void *fd, const char *text, size_t len);

/* Whether fd is a regular file. */
int io_regular(int fd);

/*
 * Whether fd is a regular file on a file system that stores data.  On procfs, tracefs and the like,
 * reading can have effects: reading /proc/kmsg removes the messages.  fd may be opened with O_PATH.
 */
int io_stored(int fd);

/*
 * Opens a file for reading whose name may come from others: only if it is io_stored.  Anything else
 * is not even opened, since opening a watchdog starts it, and opening a tape winds it.  With links
 * 0, a link is refused too.  Returns the descriptor, or -1 with errno, EINVAL if the file is
 * refused.
 */
int io_open_regular(const char *path, int links);

/* From now on io_open_regular asks this function: for who may not open files. */
void io_open_elsewhere(int (*open)(const char *path, int links));

/* Waits until a non-blocking descriptor can be read (write = 0) or written. */
void io_wait(int fd, int write);

/*
 * Closes fd; an error of close (a late write error) is reported as -1 with errno.  EINTR is no
 * error.
 */
int io_close(int fd);

/* Copies the rest of in to out through a buffer.  Returns 0, IO_READ or IO_WRITE with errno. */
int io_copy(int in, int out);
#define IO_READ (-1)
#define IO_WRITE (-2)

/*
 * Returns a seekable descriptor with the rest of fd's bytes: fd itself if it is seekable, otherwise
 * a copy in an unlinked file below $TMPDIR or /tmp, which the caller closes.  -1 with errno.
 */
int io_seekable(int fd);

/*
 * Returns a new unlinked file below $TMPDIR or /tmp, open for reading and writing; -1 with errno.
 */
int io_tmpfile(void);

/* The same in a directory. */
int io_tmpfile_in(const char *dir);

#endif
