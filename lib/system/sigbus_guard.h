/*
 * For files that a library has mapped and that another process may cut short.  Touching the missing
 * part causes SIGBUS (mmap(2)); with the guard it reads as zeros.
 */
#ifndef GZCORE_SYSTEM_SIGBUS_GUARD_H
#define GZCORE_SYSTEM_SIGBUS_GUARD_H

/*
 * Sets the handler of SIGBUS, or with 0 restores the former one.  The whole process has one guard.
 */
void cut_guard(int on);

/* Whether a missing part was touched since the guard was set. */
int cut_guard_seen(void);

#endif
