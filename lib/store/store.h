/*
 * A file that appears whole, durable and private, or not at all.  It has no name until it is
 * published (open(2), O_TMPFILE), or a hidden name if the file system has no such files.
 */
#ifndef GZCORE_STORE_H
#define GZCORE_STORE_H

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

struct store {
	int dir;			/* the directory */
	int fd;				/* the file, open for writing */
	char name[NAME_MAX + 1];	/* its future name, in dir */
	char hidden[32];		/* its hidden name, "" if it has none */
};

/* Follows the name of a file that is not whole. */
#define STORE_PARTIAL ".partial"

/* Whether a name is a hidden one, which no other file may have. */
int store_hidden(const char *name);

/* Whether name, in the directory dir, is the file of fd. */
int store_named(int dir, const char *name, int fd);

/*
 * Creates a file without a name, mode 0600, in the directory of path.  The directory is created
 * (mode 0700) if it is missing; its parents are not.  Returns 0; -1 with errno: ENAMETOOLONG if the
 * name leaves no room for STORE_PARTIAL, EINVAL if path ends in no name, or in a hidden one.  End
 * it with store_close.  As long as the file has a hidden name it is locked (flock(2), LOCK_EX), if
 * the file system can do that, even if this process was killed and another one that inherited fd
 * goes on writing.
 */
int store_open(struct store *s, const char *path);

/*
 * Whether everyone may write to its directory, and may remove and rename other users' files there.
 */
int store_open_to_all(const struct store *s);

/* How many bytes of fd's file system are free for ordinary users.  Returns 0, or -1 with errno. */
int store_free(int fd, uint64_t *bytes);

/* Sets the owner of the file (-1: no change), then its mode.  Returns 0, or -1 with errno. */
int store_protect(struct store *s, uid_t uid, gid_t gid, mode_t mode);

/* Flags of store_publish. */
#define STORE_SYNC 1		/* fsync the file before and the directory after */
#define STORE_REPLACE 2		/* replace a file of that name, as rename(2) does */

/*
 * Gives the file its name, followed by suffix ("" or STORE_PARTIAL).  Nothing is replaced without
 * STORE_REPLACE. Returns 0; 1 with errno if the file has its name, but the directory could not be
 * synced; -1 with errno, EEXIST if the name is taken: then the file has no name, and may be
 * published with another suffix.  ESTALE: somebody replaced the hidden file.
 */
int store_publish(struct store *s, const char *suffix, int flags);

/*
 * Whether publishing with these flags would fail because of what has the name now: anything, or,
 * with STORE_REPLACE, anything that is neither a regular file nor a link.
 */
int store_taken(const struct store *s, int flags);

/* Closes everything; a file that was not published disappears.  Keeps errno. */
void store_close(struct store *s);

#endif
