/*
 * A file that other programs have compressed or encrypted, read through their own programs: zstd, lz4, xz,
 * bzip2 and age, told by their first bytes, one inside the other too.  They are found by PATH and started
 * without a shell; a decompressor's bugs are then not in our process.
 */
#ifndef GZCORE_STORED_UNPACK_H
#define GZCORE_STORED_UNPACK_H

#include <stddef.h>
#include <sys/types.h>

/* The most of them, one inside the other. */
#define UNPACK_LAYERS 4
/* Room for why it went wrong, bytes with the terminator. */
#define UNPACK_WHY 512

enum unpack_status {
	UNPACK_OK,
	UNPACK_IDENTITY,	/* it is encrypted, and no identity was given */
	UNPACK_CANNOT,		/* a program is not there or could not be started, or a system call failed */
	UNPACK_DAMAGED		/* a program failed: what came is what there is */
};

struct unpack {
	int fd;			/* to read from: the one that was given when count is 0, else a pipe */
	size_t count;		/* programs that run */
	int secret;		/* one of them decrypts */
	struct unpack_layer {
		const char *program;	/* NULL: a process of ours */
		pid_t pid;
		int said;		/* a file with what it says */
	} layer[UNPACK_LAYERS];
	char why[UNPACK_WHY];	/* with any status but UNPACK_OK: in printable words, for a message */
};

/* Whether another program is needed to read fd, which is as for unpack_open. */
int unpack_needed(int fd);

/* Flags: gzip and zlib data that comes through a pipe, or from inside, is decoded too, by a process of ours. */
#define UNPACK_OURS 1

/*
 * Starts what it takes to read fd, from its start where it can be sought; it stays the caller's.  identity is
 * the path of age's identity file, or NULL.  After UNPACK_OK u->fd is to be read and u to be ended by
 * unpack_end; otherwise nothing is left.  SIGCHLD is no longer ignored.
 */
enum unpack_status unpack_open(struct unpack *u, int fd, const char *identity, int flags);

/*
 * Ends it: reads what little is left, so that checks at the end are made.  Programs that are then not done, since
 * their output was not wanted, are killed, which is no failure.  Returns UNPACK_OK or UNPACK_DAMAGED; of several that
 * failed the outermost is named, as the cause.
 */
enum unpack_status unpack_end(struct unpack *u);

#endif
