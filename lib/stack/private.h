/* What the files trace*.c share of a trace. */
#ifndef GZCORE_STACK_PRIVATE_H
#define GZCORE_STACK_PRIVATE_H

#include <elfutils/libdwfl.h>

#include "core/code.h"
#include "core/order.h"
#include "core/threads.h"
#include "demangle/demangle.h"
#include "stack/files.h"
#include "stack/instead.h"
#include "stack/noted.h"
#include "stack/trace.h"
#include "system/open_guard.h"

/* Frames that are remembered: threads wait in the same places. */
#define TRACE_SEEN 1024
/* The most compilation units that are looked through for the lines of one core: very large programs have 30,000. */
#define TRACE_UNITS (1u << 20)
/* The most entries of debug data that are looked at for the inlined functions of one core. */
#define TRACE_DIES (1u << 23)
/* The most inlined functions at one address: compilers go to about 20. */
#define TRACE_INLINED 64
/* Bits of the pointer that libdwfl keeps for each module. */
/* Nothing tells whether its file is what was mapped; for now its debug file is not looked for. */
#define TRACE_MODULE_UNSURE ((uintptr_t)1)
#define TRACE_MODULE_OWN ((uintptr_t)2)
/* Registers, as DWARF counts them; the last is that of the PowerPC's link. */
#define TRACE_REGISTERS 66

struct trace {
	struct image *image;
	struct core core;
	struct core_order order;
	struct core_code code;
	const struct core_registers *registers;
	Dwfl_Callbacks callbacks;
	struct open_guard guard;
	struct trace_files files;
	struct trace_instead instead;
	const char *executable;		/* that the caller named, or NULL */
	struct trace_noted noted;
	int strict;			/* no file without the core's build-id */
	int reporting;			/* files that cannot be opened now are modules */
	char *debug_path;
	Elf *elf;
	Dwfl *dwfl;
	int window;
	struct core_threads walk;
	struct core_status now;		/* the thread that libdwfl was given last */
	size_t threads;
	int left_out;
	size_t units, dies;		/* that were looked through */
	struct demangle *names;
	/* why a file was not opened that may be there, an errno, or 0 */
	int unopened;
	int changed;			/* a file was cut short while it was read */
	int slow_servers;		/* they were given up: servers.h */
	/* on the way from this frame: memory that is not in the core */
	int missing;
	struct trace_registers {
		uint64_t pc, value[TRACE_REGISTERS];
		uint8_t has[TRACE_REGISTERS];
		/* pc is one less than what a call returns to: in the call */
		int called;
	} start;			/* where libdwfl starts to follow the stack */
	enum trace_next {
		TRACE_CALLER,		/* what is behind the last frame called it */
		TRACE_FAULT,		/* it was made to look as if it had */
		TRACE_OTHER_STACK	/* it is on another stack */
	} next;
	int first;			/* the next frame is that */
	int again;			/* it is to be followed anew from there */
	int anew;			/* it is being */
	char why[512];			/* thread.end, where that is made up */
	const struct trace_visitor *visitor;
	struct trace_thread thread;	/* that is shown */
	struct trace_seen {
		struct trace_frame frame;
		/* Those that are inlined there, the innermost first. */
		struct trace_frame *inlined;
		size_t count;
	} seen[TRACE_SEEN];
};

/* For Dwfl_Thread_Callbacks; the last argument is the trace. */
pid_t trace_next_thread(Dwfl *dwfl, void *arg, void **thread);
bool trace_set_registers(Dwfl_Thread *thread, void *arg);
bool trace_memory_read(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *result, void *arg);

/* Finds out what code there is at pc, in place of what was seen there; exact: pc is not what a call returns to. */
void trace_describe(struct trace *t, struct trace_seen *s, uint64_t pc, int exact);

/* Whether there is code at an address.  gdb leaves mappings of files out of the headers of a core. */
int trace_is_code(struct trace *t, uint64_t address);

/* Whether there is at pc what a signal handler returns to, where no call frame information says so. */
int trace_is_sigreturn(struct trace *t, uint64_t pc);
/*
 * Makes t->start what a signal interrupted, whose handler has left the stack pointer sp; 0 when it
 * is not in the core.
 */
int trace_interrupted(struct trace *t, uint64_t sp);

/*
 * The inlined functions at an address of a unit, as that counts: makes s->inlined of s->frame, which loses its line
 * to the innermost of them, and gets that of its call.
 */
void trace_inlined(struct trace *t, struct trace_seen *s, Dwarf_Die *unit, Dwarf_Addr at);

/* The name of a function that has no mangled one, with the names of what it is in; NULL: it has none. */
const char *trace_die_name(struct trace *t, Dwarf_Die *die);

/* Sets the callbacks for files, with the folder debug, or NULL, before the usual ones.  Returns 0, or -1 with errno. */
int trace_find_path(struct trace *t, const char *debug);
/* The callbacks are told of no trace: they are for t, from begin to end. */
void trace_find_begin(struct trace *t);
void trace_find_end(const struct trace *t);

/* Around what libdwfl does with files that a core names. */
void trace_guard(struct trace *t, int on);

#endif
