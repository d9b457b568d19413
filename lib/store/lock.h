/* An exclusive lock, held on a file in the directory. */
#ifndef GZCORE_STORE_LOCK_H
#define GZCORE_STORE_LOCK_H

/*
 * Locks (flock(2)) the file of that name, which is created if it is missing, and stays.  Waits at
 * most ms milliseconds, since a user can hold the lock in a directory of their own.  Returns a
 * descriptor that holds the lock, open for reading and writing; -1 with errno, ETIMEDOUT if another
 * process keeps the lock, EINVAL if it is no regular file.
 */
int lock_file(int dir, const char *name, int ms);

#endif
