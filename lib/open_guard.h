/*
 * For libraries that open files whose names came from someone else.  While it is on, open(2) of this
 * process, whoever calls it, fails with EACCES for all but regular files, unless it may create one: a FIFO
 * would keep us waiting, a device might do something.
 */
#ifndef GZCORE_OPEN_GUARD_H
#define GZCORE_OPEN_GUARD_H

/* Turns it on or off; for a process of one thread. */
void open_guard(int on);

#endif
