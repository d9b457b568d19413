/*
 * For libraries that open files whose names come from someone else.  While the guard is on, every
 * open(2) in this process fails with EACCES unless the file is io_stored, or the call may create
 * it: a FIFO would make us wait, and opening a device or reading a file of procfs can have effects.
 */
#ifndef GZCORE_SYSTEM_OPEN_GUARD_H
#define GZCORE_SYSTEM_OPEN_GUARD_H

struct open_guard {
	/*
	 * Called before a file is opened but not created; returns 0, or the errno with which open
	 * fails.  May be NULL.
	 */
	int (*ask)(void *arg, const char *path);
	/*
	 * Called before that; returns a descriptor for the caller of open to use and close, in
	 * place of the file of that path, or -1.  May be NULL.
	 */
	int (*instead)(void *arg, const char *path);
	/* Called with the errno if such a file could not be opened.  May be NULL. */
	void (*failed)(void *arg, const char *path, int why);
	void *arg;
};

/*
 * Turns the guard on, with *g, which must stay valid, or with NULL off.  For a process with one
 * thread.
 */
void open_guard(const struct open_guard *g);

#endif
