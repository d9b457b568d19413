/*
 * libdwfl finds the modules in the core as in any other, through a window on the image.  The threads and
 * their memory it is given by us: its own way takes memory for every word that it reads, and looks for
 * each through all segments.  For a machine whose registers we have no table of it goes its own way.
 */
#include "trace.h"

#include <elfutils/libdwfl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core_order.h"
#include "core_read.h"
#include "core_threads.h"
#include "cut_guard.h"
#include "elf_id.h"
#include "io.h"
#include "open_guard.h"
#include "window_linux.h"

/* The usual places, as elfutils has them: beside the file, .debug there, and below /usr/lib/debug. */
#define DEBUG_PATH ":.debug:/usr/lib/debug"
/* Frames that are remembered: threads wait in the same places. */
#define SEEN 1024

struct trace {
	struct image *image;
	struct core core;
	struct core_order order;
	const struct core_registers *registers;
	Dwfl_Callbacks callbacks;
	char *debug_path;
	Elf *elf;
	Dwfl *dwfl;
	int window;
	struct core_threads walk;
	struct core_status now;		/* the thread that libdwfl was given last */
	size_t threads;
	int left_out;
	int changed;			/* a file was cut short while it was read */
	int missing;			/* on the way from this frame: memory that is not in the core */
	const struct trace_visitor *visitor;
	struct trace_thread thread;	/* that is shown */
	struct trace_frame seen[SEEN];
};

/* For libdwfl: a word of the process's memory. */
static bool
memory_read(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *result, void *arg)
{
	struct trace *t = arg;
	const struct core_load *l = core_load_at(&t->core, address);
	size_t n = t->registers->word;
	uint8_t b[8];

	(void)dwfl;
	if (l == NULL || l->len - (address - l->vaddr) < n ||
	    image_read(t->image, l->offset + (address - l->vaddr), b, n) != (ssize_t)n) {
		t->missing = 1;
		return false;
	}
	*result = core_number(&t->core, b, n);
	return true;
}

static pid_t
next_thread(Dwfl *dwfl, void *arg, void **thread)
{
	struct trace *t = arg;

	(void)dwfl;
	if (!core_threads_next(&t->walk, &t->core, t->image, &t->now))
		return 0;
	*thread = t;
	/* To libdwfl 0 is the end, and less an error: what is said of the thread comes from t->now. */
	return t->now.tid == 0 || t->now.tid > INT32_MAX ? 1 : (pid_t)t->now.tid;
}

static bool
set_registers(Dwfl_Thread *thread, void *arg)
{
	struct trace *t = arg;
	const struct core_registers *r = t->registers;
	uint8_t b[64 * 8];
	size_t n = (size_t)r->count * r->word;
	Dwarf_Word value;

	if (image_read(t->image, t->now.registers, b, n) != (ssize_t)n)
		return false;
	for (int k = r->from; k < r->to; k++) {
		size_t word = r->order != NULL ? r->order[k] : (size_t)k + r->shift;

		value = core_number(&t->core, b + word * r->word, r->word);
		dwfl_thread_state_registers(thread, k, 1, &value);
	}
	if (r->extra != 0) {
		value = core_number(&t->core, b + (size_t)r->extra_at * r->word, r->word);
		dwfl_thread_state_registers(thread, r->extra, 1, &value);
	}
	dwfl_thread_state_register_pc(thread, core_number(&t->core, b + (size_t)r->pc * r->word, r->word));
	return true;
}

/* The file of the program must be of the build that the core is of, where both say which. */
static int
other_build(struct core *c, const char *executable)
{
	struct elf_id in_core, in_file;
	int fd, other = 0;

	if (c->exe == NULL)
		return 0;
	core_files_identity(c->exe, &in_core);
	if (in_core.build_id_len == 0 || (fd = io_open(executable)) < 0)
		return 0;
	if (elf_id_read(fd, ELF_ID_SECTION, &in_file) == ELF_ID_OK && in_file.build_id_len > 0)
		other = in_file.build_id_len != in_core.build_id_len ||
		    memcmp(in_file.build_id, in_core.build_id, in_core.build_id_len) != 0;
	io_close(fd);
	return other;
}

/* The folder first, then the usual places, the first of which is the empty name. */
static int
set_debug_path(struct trace *t, const char *debug)
{
	size_t len = debug != NULL ? strlen(debug) : 0;
	char *p = malloc(len + 1 + sizeof(DEBUG_PATH));

	if ((t->debug_path = p) == NULL)
		return -1;
	if (len > 0) {
		memcpy(p, debug, len);
		p += len;
		*p++ = ':';
	}
	memcpy(p, DEBUG_PATH, sizeof(DEBUG_PATH));
	t->callbacks = (Dwfl_Callbacks){ .find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo, .debuginfo_path = &t->debug_path };
	return 0;
}

static enum trace_status
parse(struct trace *t, const char *executable)
{
	uint64_t size;

	if (core_read_image(&t->core, t->image, &size) < 0)
		return TRACE_SYSTEM;
	if (!t->core.is_core)
		return TRACE_NO_CORE;
	if (executable != NULL && other_build(&t->core, executable))
		return TRACE_OTHER;
	t->registers = core_registers((uint16_t)t->core.machine, t->core.is64);
	return TRACE_OK;
}

/* Shows the core to libdwfl. */
static enum trace_status
report(struct trace *t, const char *executable)
{
	static const Dwfl_Thread_Callbacks threads = {
		.next_thread = next_thread,
		.memory_read = memory_read,
		.set_initial_registers = set_registers,
	};
	pid_t pid = t->core.pid > 0 && t->core.pid <= INT32_MAX ? (pid_t)t->core.pid : 1;
	char *base;

	if (core_order_open(&t->order, &t->core, t->image) < 0 ||
	    window_open(core_order_read, &t->order, t->order.size, &base) < 0)
		return TRACE_SYSTEM;
	t->window = 1;
	elf_version(EV_CURRENT);
	if ((t->elf = elf_memory(base, (size_t)t->order.size)) == NULL || (t->dwfl = dwfl_begin(&t->callbacks)) == NULL)
		return TRACE_DWFL;
	/* A core that was cut may have no modules, but it has threads. */
	if (dwfl_core_file_report(t->dwfl, t->elf, executable) < 0 &&
	    image_size(t->image) >= t->core.promised)
		return TRACE_DWFL;
	dwfl_report_end(t->dwfl, NULL, NULL);
	if (t->registers != NULL ? !dwfl_attach_state(t->dwfl, t->elf, pid, &threads, t) :
				   dwfl_core_file_attach(t->dwfl, t->elf) < 0)
		return TRACE_DWFL;
	return TRACE_OK;
}

/* Around what libdwfl does with files that a core names. */
static void
guard(struct trace *t, int on)
{
	open_guard(on);
	cut_guard(on);
	if (!on)
		t->changed |= cut_guard_seen();
}

enum trace_status
trace_open(struct trace **out, struct image *i, const char *executable, const char *debug)
{
	struct trace *t = calloc(1, sizeof(*t));
	enum trace_status st;

	*out = NULL;
	if (t == NULL)
		return TRACE_SYSTEM;
	t->image = i;
	core_open(&t->core);
	if (set_debug_path(t, debug) < 0) {
		st = TRACE_SYSTEM;
	} else if ((st = parse(t, executable)) == TRACE_OK) {
		guard(t, 1);
		st = report(t, executable);
		guard(t, 0);
	}
	if (st == TRACE_OK || st == TRACE_NO_CORE) {
		*out = t;
	} else {
		int saved = errno;

		trace_close(t);
		errno = saved;
	}
	return st;
}

void
trace_close(struct trace *t)
{
	if (t == NULL)
		return;
	if (t->dwfl != NULL)
		dwfl_end(t->dwfl);
	if (t->elf != NULL)
		elf_end(t->elf);
	if (t->window)
		window_close();
	core_order_close(&t->order);
	core_close(&t->core);
	free(t->debug_path);
	free(t);
}

struct core *
trace_core(struct trace *t)
{
	return &t->core;
}

int
trace_changed(const struct trace *t)
{
	return t->changed;
}

const char *
trace_words(enum trace_status st, struct trace *t)
{
	switch (st) {
	case TRACE_OK:
		return "no error";
	case TRACE_NO_CORE:
		return t->core.bad;
	case TRACE_OTHER:
		return "its build-id is not that of the program in the core";
	case TRACE_SYSTEM:
		return strerror(errno);
	case TRACE_DWFL:
		break;
	}
	return trace_error();
}

const char *
trace_error(void)
{
	return dwfl_errmsg(-1);
}

/* Whether the module's debug data has the table by which libdwfl finds the unit of an address. */
static int
has_table(Dwfl_Module *m)
{
	Dwarf_Aranges *table;
	Dwarf_Addr bias;
	size_t count = 0;
	Dwarf *d = dwfl_module_getdwarf(m, &bias);

	return d == NULL || (dwarf_getaranges(d, &table, &count) == 0 && count > 0);
}

/* The file and line at an address.  clang writes no such table, and libdwfl does without since 0.191 only. */
static void
find_line(struct trace_frame *f, Dwfl_Module *m, Dwarf_Addr at)
{
	Dwfl_Line *line = dwfl_module_getsrc(m, at);
	Dwarf_Die *unit = NULL;
	Dwarf_Line *l = NULL;
	Dwarf_Addr bias = 0;

	if (line != NULL) {
		f->file = dwfl_lineinfo(line, NULL, &f->line, &f->column, NULL, NULL);
		return;
	}
	if (has_table(m))
		return;
	while (l == NULL && (unit = dwfl_module_nextcu(m, unit, &bias)) != NULL)
		if (dwarf_haspc(unit, at - bias) > 0)
			l = dwarf_getsrc_die(unit, at - bias);
	if (l != NULL && (f->file = dwarf_linesrc(l, NULL, NULL)) != NULL) {
		dwarf_lineno(l, &f->line);
		dwarf_linecol(l, &f->column);
	}
}

/* Finds out what code there is at pc; exact: that it is not what a call returns to. */
static void
describe(struct trace *t, struct trace_frame *f, uint64_t pc, int exact)
{
	/* A call may be the last instruction of its function. */
	uint64_t at = pc - !exact;
	Dwfl_Module *m = dwfl_addrmodule(t->dwfl, at);
	const char *name, *path = NULL;
	Dwarf_Addr start, end, vaddr;
	GElf_Off off;
	GElf_Sym sym;
	int n;

	memset(f, 0, sizeof(*f));
	f->pc = pc;
	f->exact = exact;
	if (m == NULL)
		return;
	if ((f->function = dwfl_module_addrinfo(m, at, &off, &sym, NULL, NULL, NULL)) != NULL)
		f->function_offset = off + !exact;
	/* The file is known once its symbols have been looked for. */
	name = dwfl_module_info(m, NULL, &start, &end, NULL, NULL, &path, NULL);
	f->module = path != NULL ? path : name;
	f->offset = pc - start;
	if ((n = dwfl_module_build_id(m, &f->build_id, &vaddr)) > 0)
		f->build_id_len = (size_t)n < ELF_ID_BUILD_ID_MAX ? (size_t)n : ELF_ID_BUILD_ID_MAX;
	find_line(f, m, at);
}

static int
each_frame(Dwfl_Frame *state, void *arg)
{
	struct trace *t = arg;
	struct trace_frame *f;
	Dwarf_Addr pc;
	bool exact;

	/* What the frame before lacked did not hinder. */
	t->missing = 0;
	if (!dwfl_frame_pc(state, &pc, &exact))
		return -1;
	if (t->thread.frames == TRACE_FRAMES) {
		t->thread.end = "more frames than are shown";
		return DWARF_CB_ABORT;
	}
	/* The first frame of a thread and a return address of the same value are two. */
	f = &t->seen[(pc ^ pc >> 10 ^ exact) % SEEN];
	if (f->pc != pc || f->pc == 0 || f->exact != exact)
		describe(t, f, pc, exact);
	if (t->visitor->frame != NULL)
		t->visitor->frame(t->visitor->arg, &t->thread, f);
	t->thread.frames++;
	return DWARF_CB_OK;
}

static int
each_thread(Dwfl_Thread *thread, void *arg)
{
	struct trace *t = arg;
	const struct trace_visitor *v = t->visitor;
	int rc;

	if (t->threads == TRACE_THREADS || (v->threads > 0 && t->threads == v->threads)) {
		t->left_out = 1;
		return DWARF_CB_ABORT;
	}
	t->thread = (struct trace_thread){
		.tid = t->registers != NULL ? t->now.tid : (uint32_t)dwfl_thread_tid(thread),
		.crashed = t->threads == 0 && t->core.signal != 0,
	};
	t->threads++;
	if (v->start != NULL)
		v->start(v->arg, &t->thread);
	t->missing = 0;
	rc = dwfl_thread_getframes(thread, each_frame, t);
	/* The errors of a function that we gave it libdwfl does not know; it takes a lost return address for none. */
	if (t->thread.end == NULL && t->missing)
		t->thread.end = "it leads to memory that is not in the core";
	else if (rc < 0)
		t->thread.end = dwfl_errmsg(-1);
	if (rc < 0 && t->thread.end == NULL)
		t->thread.end = "unknown";
	if (v->end != NULL)
		v->end(v->arg, &t->thread);
	return DWARF_CB_OK;
}

int
trace_walk(struct trace *t, const struct trace_visitor *v)
{
	int rc;

	if (t->dwfl == NULL)
		return -1;
	memset(&t->walk, 0, sizeof(t->walk));
	t->threads = 0;
	t->left_out = 0;
	t->visitor = v;
	guard(t, 1);
	rc = dwfl_getthreads(t->dwfl, each_thread, t);
	guard(t, 0);
	return rc < 0 ? -1 : t->left_out;
}
