/*
 * Files that a library has mapped and that another process then cuts short: touching what is gone is SIGBUS
 * (mmap(2)).  With the guard it is zeros.
 */
#ifndef GZCORE_SYSTEM_SIGBUS_GUARD_H
#define GZCORE_SYSTEM_SIGBUS_GUARD_H

/* Sets the handler of SIGBUS, or with 0 restores what there was.  Of the whole process, in which there is one. */
void cut_guard(int on);

/* Whether, since it was set, anything was gone. */
int cut_guard_seen(void);

#endif
