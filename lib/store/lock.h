/* A lock that is a file of a directory: for who is to be alone there. */
#ifndef GZCORE_STORE_LOCK_H
#define GZCORE_STORE_LOCK_H

/*
 * Takes the lock (flock(2)) of the file of that name, which is made when it is missing and stays, waiting at most so
 * many milliseconds: in the directory of a user it may be the user who has it.  Returns a descriptor that holds it,
 * open for reading and writing; -1 with errno, ETIMEDOUT when another keeps the lock, EINVAL when that is no regular
 * file.
 */
int lock_file(int dir, const char *name, int ms);

#endif
