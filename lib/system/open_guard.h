/*
 * For libraries that open files whose names came from someone else.  While it is on, open(2) of this
 * process, whoever calls it, fails with EACCES for all but files that are io_stored, unless it may create one: a FIFO
 * would keep us waiting, a device or a file of procfs might do something.
 */
#ifndef GZCORE_SYSTEM_OPEN_GUARD_H
#define GZCORE_SYSTEM_OPEN_GUARD_H

struct open_guard {
	/* Asked before a file is opened that is not created: 0, or the errno with which that fails; unless NULL. */
	int (*ask)(void *arg, const char *path);
	/* Told the errno when such a file could not be opened; unless NULL. */
	void (*failed)(void *arg, const char *path, int why);
	void *arg;
};

/* Turns it on, with what is the caller's and must stay there, or with NULL off; for a process of one thread. */
void open_guard(const struct open_guard *g);

#endif
