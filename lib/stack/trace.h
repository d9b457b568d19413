/*
 * The stacks of a core's threads, by libdwfl of elfutils.  Modules are those that the core names or
 * holds; their files are used where they are here and are what was mapped, by the core's build-id or its bytes.
 */
#ifndef GZCORE_STACK_TRACE_H
#define GZCORE_STACK_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "core/core.h"
#include "stored/image.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The most calls of a stack that are followed, its most frames with those of inlined functions, and
 * the most threads.
 */
#define TRACE_CALLS 256
#define TRACE_FRAMES 1280
#define TRACE_THREADS 65536

/* All strings are the trace's own, live as long as it, and may hold any byte; NULL: not known. */
struct trace_frame {
	uint64_t pc;
	int exact;			/* pc is where the thread was, not what a call returns to */
	const char *module;		/* its path, or what it calls itself */
	/* the same as the process had it, wherever its file was found: for fingerprints */
	const char *mapped;
	/* nothing in the core tells whether its file is what was mapped */
	int unsure;
	uint64_t offset;		/* of pc in the module, from its first mapped byte */
	const uint8_t *build_id;
	size_t build_id_len;
	const char *function;		/* as the symbol or the debug data has it, mangled */
	/* its name in the source, without parameters and result; function if that is not mangled */
	const char *name;
	uint64_t function_offset;	/* of pc in it; 0 for an inlined function */
	/*
	 * The compiler put this function into the one of the next frame, at whose pc it is: it is no call.  Of the
	 * frames at one pc the last is the function that was called.
	 */
	int inlined;
	/* by the symbols of the module's own file, whatever debug files there are: for fingerprints */
	const char *symbol;
	/* the module is a program in Go, in whose symbols a dot stands between a package and a function */
	int go;
	const char *file;
	int line, column;		/* 0: not known */
};

struct trace_thread {
	uint32_t tid;
	int crashed;			/* it got the signal */
	size_t frames, calls;		/* so far; calls: those that are not inlined */
	/* why the stack ends early, until the next thread; NULL: that was all */
	const char *end;
};

struct trace_visitor {
	/* Called at the start of a thread, for each of its frames, and at its end; unless NULL. */
	void (*start)(void *arg, const struct trace_thread *t);
	void (*frame)(void *arg, const struct trace_thread *t, const struct trace_frame *f);
	void (*end)(void *arg, const struct trace_thread *t);
	void *arg;
	/* the most that are wanted, 1: the crashed one; 0: all, up to TRACE_THREADS */
	size_t threads;
};

enum trace_status {
	TRACE_OK,
	TRACE_NO_CORE,
	TRACE_OTHER,	/* the executable's build-id is not the core's */
	TRACE_SYSTEM,	/* errno */
	TRACE_DWFL	/* libdwfl cannot read it */
};

struct trace;

/* Finds files that are not at the path in the core. */
struct trace_finder {
	/*
	 * Returns a descriptor of the file that was mapped as file, one of the core's files, for
	 * the trace to close, or -1 with errno: the file at its path is tried.  EMFILE and ENFILE
	 * are as trace_unopened says.  If *sure is set, TRACE_BUILD_IDS does not apply to the
	 * file.
	 */
	int (*find)(void *arg, const struct core *c, struct image *i, const struct core_file *file,
	    int *sure);
	void *arg;
};

/* Takes a file that the core names only if it has the build-id that the core has of it. */
#define TRACE_BUILD_IDS 1

/*
 * Opens the core in the image; all arguments stay the caller's.  executable: the file of the
 * program, or NULL; debug: a folder with debug files, besides the usual
 * places, or NULL; flags: 0 or TRACE_BUILD_IDS.  Debug files are asked for over the network when
 * DEBUGINFOD_URLS is set in the environment: the caller decides.  The process can have one trace at
 * a time, and SIGSEGV is the trace's until trace_close; as long as trace_open and trace_walk run,
 * so is SIGBUS, and open(2) fails for all but regular files.  trace_close frees *t, unless NULL; it
 * is NULL but after TRACE_OK and TRACE_NO_CORE.
 */
enum trace_status trace_open(struct trace **t, struct image *i, const char *executable,
    const char *debug, int flags);

/* The same with a finder, or NULL, which is asked while this runs; what it finds is checked as other files are. */
enum trace_status trace_open_from(struct trace **t, struct image *i, const char *executable,
    const char *debug, int flags, const struct trace_finder *finder);

void trace_close(struct trace *t);

/* Why trace_open returned st, with the *t that it left; before anything else is called that sets errno. */
const char *trace_words(enum trace_status st, struct trace *t);

/* The core's headers and notes. */
struct core *trace_core(struct trace *t);

/*
 * Shows the stacks, that of the crashed thread first.  Returns 0, 1 when threads were left out, or -1 when
 * the threads cannot be had (trace_error).
 */
int trace_walk(struct trace *t, const struct trace_visitor *v);

/* Whether a file of the modules was cut short by somebody while it was read: what is gone was taken for zeros. */
int trace_changed(const struct trace *t);

/* Whether a server in DEBUGINFOD_URLS was so slow that none is asked any more. */
int trace_slow_servers(const struct trace *t);

/*
 * The errno when a file was not opened because too many were open already, EMFILE or ENFILE, else
 * 0: the stacks may lack names, so that a fingerprint would be another one.  libdwfl keeps each
 * module's file open.
 */
int trace_unopened(const struct trace *t);

/* The words of libdwfl for what went wrong last. */
const char *trace_error(void);

#ifdef __cplusplus
}
#endif

#endif
