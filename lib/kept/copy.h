/* Checking, naming, comparing and copying the file of one module, in a child that has given up root. */
#ifndef GZCORE_KEPT_COPY_H
#define GZCORE_KEPT_COPY_H

#include <stdint.h>
#include <sys/types.h>

#include "kept/hold.h"

/* The kinds of names, as the folders in modules are called. */
#define KEPT_BUILD_ID "buildid"
#define KEPT_UUID "uuid"
#define KEPT_DIGEST "digest"
/* Bytes of the longest name in a kind, with the terminator: digits of hexadecimal, in lower case. */
#define KEPT_NAME (2 * ELF_ID_BUILD_ID_MAX + 1)
/* The fewest bytes of a build-id that is a name. */
#define KEPT_BUILD_ID_LEAST 4

enum kept_verdict {
	KEPT_FAILED,		/* with why, or nothing came */
	KEPT_NO_MODULE,		/* no ELF file */
	KEPT_FOUND,		/* a reader finds it at its path */
	KEPT_WANTED,		/* to be kept */
	KEPT_NAMED,		/* by its digest */
	KEPT_SAME,		/* what is kept already is the same, byte for byte */
	KEPT_OTHER,		/* what is kept already under that name is another file */
	KEPT_COPIED
};

struct kept_task {
	/* What to do. */
	const struct kept_module *module;
	const uint8_t *head;		/* head_len bytes of it */
	const char *path;
	int source;			/* O_PATH */
	uid_t uid;			/* who looks and copies */
	gid_t gid;
	int has_user;
	uid_t user;			/* the real user and group of the process */
	gid_t group;
	int all;			/* also what a reader finds */
	int kept;			/* what is kept under the name */
	int to;				/* the new file */
	uint64_t most;			/* bytes that it may have */
	/* What came of it. */
	enum kept_verdict verdict;
	int error;			/* errno, with KEPT_FAILED, or 0 */
	const char *why;		/* a constant */
	const char *kind;		/* a constant */
	char name[KEPT_NAME];
	uint64_t disk;			/* bytes that the source takes on its disk */
	int64_t owner;			/* the user who alone can write the source, or -1 */
};

/*
 * For deadline_run, with a struct kept_task in memory of deadline_memory.
 *
 * kept_look says whether the file is to be kept, and under which name: the build-id or the UUID
 * that the process has in its memory, but those only for a file that ordinary users cannot write:
 * anybody can make a file that claims the build-id of libc.  Every other file is named by its
 * digest (kept_name), and has an owner if nobody else can write it, but for the group of the process.
 *
 * kept_compare says whether what is kept is the same file; kept_copy copies it to the new file.  A
 * copy is good when it has the identity and the headers that the process has in its memory, and the
 * file did not change meanwhile.
 */
void kept_look(void *task);
void kept_name(void *task);
void kept_compare(void *task);
void kept_copy(void *task);

#endif
