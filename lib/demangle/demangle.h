/*
 * Names of functions as a person reads them: those that C++ and Rust mangle.  The C++ library that is on the machine
 * reads those of C++, in a process of its own: what a hostile name makes it use is bounded.
 */
#ifndef GZCORE_DEMANGLE_H
#define GZCORE_DEMANGLE_H

#include <stddef.h>

/* Longer names stay as they are, and no result is longer; bytes. */
#define DEMANGLE_LONGEST 4096

struct demangle;

/* Returns NULL when there is no memory.  Every function accepts NULL, as one that knows no names. */
struct demangle *demangle_open(void);
void demangle_close(struct demangle *d);

/*
 * The name of a function, by its symbol: without parameters, result type and hash, as gdb prints it in a backtrace; the
 * symbol itself when it is not mangled, or cannot be read.  A string that is returned lives until demangle_close, and
 * the symbol has to as well: the same pointer is taken for the same text.
 */
const char *demangle_name(struct demangle *d, const char *symbol);

/* Other names are kept by a pointer too: the one of key, or NULL. */
const char *demangle_known(const struct demangle *d, const void *key);
/* Keeps a copy of text; returns it, or NULL when there is no more room. */
const char *demangle_keep(struct demangle *d, const void *key, const char *text);

/*
 * Cuts what the C++ library makes of a symbol down to the function's name, in place: "int a::f<int>(int) [clone .cold]"
 * becomes "a::f<int>".
 */
void demangle_shorten(char *text);

/*
 * The name of a function of Rust in out[len], by its symbol: a legacy one, or one of version 0 (RFC
 * 2603).  Both return whether it was one.  It is the same in each build: without the hash.
 */
int demangle_rust_legacy(const char *symbol, char *out, size_t len);
int demangle_rust(const char *symbol, char *out, size_t len);

/* The process that runs the C++ library's demangler. */
struct demangle_helper {
	int fd;			/* of a socket to it, or -1 */
	long pid;
	unsigned lost;		/* how many were ended, because of a name */
	int none;		/* there is no such library */
};

/*
 * What the C++ library makes of a symbol, in out[len].  Returns 0, or -1 when there is none, it is
 * too long, or takes too long.
 */
int demangle_helper_ask(struct demangle_helper *h, const char *symbol, char *out, size_t len);
void demangle_helper_end(struct demangle_helper *h);

#endif
