/* The file NAME.txt of a record in a directory of dumps: made, read, replaced. */
#ifndef GZCORE_CRASH_RECORD_FILE_H
#define GZCORE_CRASH_RECORD_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Whom a record is given to; -1 leaves the user or the group as it is. */
struct record_owner {
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

/*
 * Stores the text as the record DIR/NAME.txt, with flags of store_publish; the directory is made
 * when it is missing. Unless spare is 0, so many bytes must stay free: ENOSPC.  Returns 0, or -1
 * with errno, EEXIST when the name is taken.
 */
int record_file_put(const char *dir, const char *name, const char *text,
    const struct record_owner *o, uint64_t spare, int flags);

/*
 * Reads a record of at most size - 1 bytes of the directory fd, following no link, into text,
 * terminated; what is longer is cut, and a NUL byte becomes '?'.  Returns 0 and the owner in *o
 * unless NULL; -1 with errno, EINVAL when it is no regular file.
 */
int record_file_read(int fd, const char *file, char *text, size_t size, struct record_owner *o);

/* "DIR/NAME" in out[PATH_MAX]; 0, or -1 with errno. */
int record_file_path(char *out, const char *dir, const char *name);

#endif
