/* Opening the files of another root directory, such as a container's, by the paths that they have there. */
#ifndef GZCORE_SYSTEM_ROOTED_H
#define GZCORE_SYSTEM_ROOTED_H

/* A descriptor of the directory for rooted_open, which the caller closes; -1 with errno. */
int rooted_root(const char *path);

/*
 * Opens a file for reading, as io_open_regular does: only if it is io_stored.  The directory is the root: absolute
 * paths and links start there, and no ".." and no link leads out of it.  Linux before 5.6 has no openat2(2), and some
 * containers forbid it; then each part of the path is opened after the other.  Returns a descriptor, or -1 with
 * errno, EINVAL if the file is refused.
 */
int rooted_open(int root, const char *path);

#endif
