/* What a power cut or SIGKILL left of files that were to be stored: hidden files that nobody has locked. */
#ifndef GZCORE_STORE_LEFTOVERS_H
#define GZCORE_STORE_LEFTOVERS_H

/*
 * Removes from the directory dir, which stays the caller's, the regular files with a name as store_hidden knows
 * them that have no lock (flock(2)): while a file is stored, its store, and the stages that write it, hold one.
 * What cannot be opened or locked stays.  It reads the whole directory.  Returns how many it removed, or -1 with
 * errno when the directory cannot be read.
 */
int leftovers_remove(int dir);

#endif
