/*
 * Reads a file that another program has compressed or encrypted through that program: zstd, lz4,
 * xz, bzip2 or age, one inside the other too.  The first bytes tell which.  The programs are found
 * by PATH and started without a shell, so that a decompressor's bugs are not in our process.
 */
#ifndef GZCORE_STORED_UNPACK_H
#define GZCORE_STORED_UNPACK_H

#include <stddef.h>
#include <sys/types.h>

/* The most programs, one inside the other. */
#define UNPACK_LAYERS 4
/* Room for the words of a failure, bytes with the terminator. */
#define UNPACK_WHY 512

enum unpack_status {
	UNPACK_OK,
	UNPACK_IDENTITY,	/* it is encrypted, and no identity was given */
	/* A program is not there or could not be started, or a system call failed. */
	UNPACK_CANNOT,
	UNPACK_DAMAGED		/* a program failed: there is no more than what came before */
};

struct unpack {
	/* To read from: a pipe, or with count 0 the descriptor that was given. */
	int fd;
	size_t count;		/* programs that run */
	int secret;		/* one of them decrypts */
	struct unpack_layer {
		const char *program;	/* NULL: a process of ours */
		pid_t pid;
		int said;		/* a file that holds its standard error */
	} layer[UNPACK_LAYERS];
	/* With any status but UNPACK_OK: in printable words, for a message. */
	char why[UNPACK_WHY];
};

/*
 * Whether another program is needed to read fd, which is as for unpack_open; nothing is taken out
 * of fd.
 */
int unpack_needed(int fd);

/*
 * Whether fd, which is as for unpack_open, is compressed or encrypted in a format that we read: in
 * gzip or zlib too.
 */
int unpack_knows(int fd);

/*
 * Flags: gzip and zlib data that comes through a pipe, or out of another format, is decoded too, by
 * a process of ours.
 */
#define UNPACK_OURS 1

/*
 * Starts the programs that it takes to read fd, from its start where it can be sought; fd stays the
 * caller's.  identity is the path of age's identity file, or NULL.  After UNPACK_OK the caller
 * reads u->fd, then calls unpack_end; with any other status nothing is left.  SIGCHLD is no longer
 * ignored afterwards.
 */
enum unpack_status unpack_open(struct unpack *u, int fd, const char *identity, int flags);

/*
 * Reads what little is left, so that the programs check the end, and waits for them.  A program
 * that is not done then, since its output was not wanted, is killed, which is no failure.  Returns
 * UNPACK_OK or UNPACK_DAMAGED; when several programs failed, the outermost is named, as the cause.
 */
enum unpack_status unpack_end(struct unpack *u);

#endif
