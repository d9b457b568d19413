/* A mark on an open file that says: whoever has it open like this is not done yet. */
#ifndef GZCORE_STORE_IN_USE_H
#define GZCORE_STORE_IN_USE_H

/*
 * Marks the open file of fd, open for reading, with a lock of its own (fcntl(2), F_OFD_SETLK) that lasts as long
 * as any process has this very open file, inherited or not.  fd is closed on exec from now on.  It never waits.
 * Returns 0, also where the file system has no locks; -1 with errno when fd is no descriptor.
 */
int in_use_mark(int fd);

/* Whether the file of fd has such a mark of another open file.  It takes none, nor is in the way of one. */
int in_use(int fd);

#endif
