/*
 * A file that appears whole, durable and private, or not at all.  It has no name until it is
 * published (open(2), O_TMPFILE); where the file system cannot do that it has a hidden one.
 */
#ifndef GZCORE_STORE_H
#define GZCORE_STORE_H

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

struct store {
	int dir;			/* the directory */
	int fd;				/* the file, open for writing */
	char name[NAME_MAX + 1];	/* its name to be, in dir */
	char hidden[32];		/* its name for now, "" when it has none */
};

/* What goes behind the name of a file that is not whole. */
#define STORE_PARTIAL ".partial"

/* Whether a name is one of the hidden ones, which no other file may have. */
int store_hidden(const char *name);

/* Whether name, in the directory dir, is the file of fd. */
int store_named(int dir, const char *name, int fd);

/*
 * Makes a nameless file, mode 0600, in the directory of path, which is made (mode 0700) when
 * missing; its parents are not.  Returns 0; -1 with errno: ENAMETOOLONG when the name leaves no
 * room for STORE_PARTIAL, EINVAL when path ends in no name, or in a hidden one.  To be ended by store_close.
 * As long as the file has a hidden name it is locked (flock(2), LOCK_EX), where the file system can: also when
 * this process was killed and another that inherited fd writes on.
 */
int store_open(struct store *s, const char *path);

/* Whether everyone may write to its directory, and remove and rename what others have there. */
int store_open_to_all(const struct store *s);

/* How many bytes of fd's file system are free, for others than root.  Returns 0, or -1 with errno. */
int store_free(int fd, uint64_t *bytes);

/* Gives the file an owner (-1: as it is), then a mode.  Returns 0, or -1 with errno. */
int store_protect(struct store *s, uid_t uid, gid_t gid, mode_t mode);

/* Flags of store_publish. */
#define STORE_SYNC 1		/* fsync the file before and the directory after */
#define STORE_REPLACE 2		/* take the place of what has the name, as rename(2) does */

/*
 * Gives the file its name, followed by suffix ("" or STORE_PARTIAL).  Nothing is replaced without
 * STORE_REPLACE.  Returns 0; 1 with errno when it has its name, but the directory could not be
 * synced; -1 with errno, EEXIST when the name is taken: the file has none then, and publishing may
 * be tried again with another suffix.  ESTALE: somebody put another file into its place.
 */
int store_publish(struct store *s, const char *suffix, int flags);

/*
 * Whether publishing with these flags would fail for what has the name now: anything, or, to be
 * replaced, what is neither a regular file nor a link.
 */
int store_taken(const struct store *s, int flags);

/* Closes all; a file that was not published is gone.  errno stays. */
void store_close(struct store *s);

#endif
