/* A lock on an open file that says: the process that has it open is still at work. */
#ifndef GZCORE_STORE_IN_USE_H
#define GZCORE_STORE_IN_USE_H

/*
 * Locks the open file description of fd, which is open for reading (fcntl(2), F_OFD_SETLK).  The
 * lock lasts as long as any process has this description, inherited or not.  fd is closed on exec
 * from now on.  Never waits.  Returns 0, also if the file system has no locks; -1 with errno if fd
 * is no descriptor.
 */
int in_use_mark(int fd);

/*
 * Whether another open file description has locked the file of fd.  Takes no lock, and blocks none.
 */
int in_use(int fd);

#endif
