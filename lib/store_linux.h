/*
 * A file that appears whole, durable and private, or not at all.  It has no name until it is
 * published (open(2), O_TMPFILE); where the file system cannot do that it has a hidden one.
 */
#ifndef GZCORE_STORE_LINUX_H
#define GZCORE_STORE_LINUX_H

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

/*
 * Makes a nameless file, mode 0600, in the directory of path, which is made (mode 0700) when
 * missing; its parents are not.  Returns 0; -1 with errno: ENAMETOOLONG when the name leaves no
 * room for STORE_PARTIAL, EINVAL when path ends in no name.  To be ended by store_close.
 */
int store_open(struct store *s, const char *path);

/* How many bytes of fd's file system are free, for others than root.  Returns 0, or -1 with errno. */
int store_free(int fd, uint64_t *bytes);

/*
 * How long the file may be by now, bytes: at most so many, and so that spare bytes of its file system stay free
 * (of those that others than root may use).
 */
uint64_t store_room(const struct store *s, uint64_t most, uint64_t spare);

/* Gives the file an owner (-1: as it is), then a mode.  Returns 0, or -1 with errno. */
int store_protect(struct store *s, uid_t uid, gid_t gid, mode_t mode);

/* Flags of store_publish. */
#define STORE_SYNC 1		/* fsync the file before and the directory after */
#define STORE_REPLACE 2		/* take the place of what has the name, as rename(2) does */

/*
 * Gives the file its name, followed by suffix ("" or STORE_PARTIAL).  Nothing is replaced without
 * STORE_REPLACE.  Returns 0; 1 with errno when it has its name, but the directory could not be
 * synced; -1 with errno, EEXIST when the name is taken: the file has none then, and publishing may
 * be tried again with another suffix.
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
