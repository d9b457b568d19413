/* The stacks of a core, or the fingerprint of one, in the forms of core-trace(1). */
#ifndef GZCORE_STACK_SHOW_H
#define GZCORE_STACK_SHOW_H

#include "dumps/directory.h"
#include "record/frame.h"
#include "record/writer.h"
#include "stack/fingerprint.h"
#include "stack/text.h"
#include "stack/trace.h"
#include "stack/why.h"

/*
 * What nobody who reads a core's stacks needs: to run programs, to reach other machines or
 * processes, to change files or what the system is.
 */
#define TRACE_SHOW_REFUSED \
	"accept accept4 add_key bind bpf chmod chown chroot connect execve execveat fchmodat " \
	"fchownat init_module finit_module io_uring_setup ioperm iopl kexec_file_load kexec_load " \
	"keyctl lchown link linkat listen mkdir mkdirat mknod mknodat mount move_mount open_tree " \
	"perf_event_open pidfd_getfd pivot_root process_vm_readv process_vm_writev ptrace reboot " \
	"rename renameat renameat2 request_key rmdir setns socket swapoff swapon symlink " \
	"symlinkat umount2 unshare userfaultfd"

enum trace_form {
	TRACE_STACKS,		/* stacks as text */
	TRACE_JSON,		/* stacks and the fingerprint as one JSON object */
	TRACE_FINGERPRINT,	/* the fingerprint of the crashed thread's stack */
	TRACE_RECORD		/* stacks and the fingerprint as lines of a record */
};

/*
 * The most bytes of a record's lines for the frames of the first thread, and as many for the
 * others; and the most threads.  A shell passes all of them as one argument, of which Linux has 128
 * KiB.
 */
#define TRACE_RECORDED (56u * 1024)
#define TRACE_RECORDED_THREADS 257

/* The most modules that stand below the stacks on a terminal. */
#define TRACE_LISTED 256

/* All zeros before, but for what the caller sets. */
struct trace_show {
	/* The caller's. */
	enum trace_form form;
	/* the most threads that are shown; 1: the crashed one alone; 0: all */
	size_t most;
	/* the columns of a terminal, which stacks as text fit; 0: it is none */
	size_t width;
	/* text has registers, the code at the pc, and lines of source */
	int more;
	int raw;			/* functions with their mangled names */
	struct writer out;		/* started for lines or JSON */

	size_t threads;			/* how many were seen */
	int limited;			/* a stack has more frames than are shown */
	char fingerprint[FINGERPRINT_TEXT];	/* "" when there is none */

	char where[FRAME_WHERE];	/* the first frame that counts, escaped; or "" */
	struct trace_why why;		/* the process died, once the first thread was shown */

	/* Private. */
	const char *known, *known_where;	/* of the record */
	int digits;			/* of an address */
	const char *signal;		/* of the crashed thread, NULL when it has no name */
	struct trace_frame stack[TRACE_FRAMES];	/* of the first thread */
	size_t frames;
	char line[TRACE_LINE];		/* of one frame: line_len bytes */
	size_t line_len;
	struct trace_frame listed[TRACE_LISTED];	/* one of each module, for a terminal */
	size_t modules;
	/* lines for a record, of the first thread's frames, or of the others' */
	size_t bytes;
	int cut;			/* there would have been more of the first */
	int found;			/* fingerprint and where are made */
	struct trace *trace;
};

/*
 * Before that: the fingerprint of a stored dump is that of its record, if that has one of this
 * version, since files that are no longer there, or others, would make another.  d may be NULL, and
 * stays the caller's.
 */
void trace_show_recorded(struct trace_show *s, const struct dump *d);

/* Writes the threads, and flushes after each.  Returns as trace_walk does. */
int trace_show(struct trace_show *s, struct trace *t);

/* Writes the end; complete is whether all was shown.  Returns as writer_flush does. */
int trace_show_end(struct trace_show *s, int complete);

#endif
