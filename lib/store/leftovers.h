/*
 * Leftovers of a power cut or SIGKILL while a file was stored: hidden files that no process has
 * locked.
 */
#ifndef GZCORE_STORE_LEFTOVERS_H
#define GZCORE_STORE_LEFTOVERS_H

/*
 * Removes the regular files with hidden names (store_hidden) and without a lock (flock(2)) from the
 * directory dir, which still belongs to the caller.  While a file is stored, its store and the
 * stages that write it hold a lock.  Files that cannot be opened or locked stay.  Reads the whole
 * directory.  Returns how many files it removed, or -1 with errno if the directory cannot be read.
 */
int leftovers_remove(int dir);

#endif
