/*
 * libdwfl finds the modules in the core as in any other, through a window on the image.  The threads and
 * their memory it is given by us: its own way takes memory for every word that it reads, and looks for
 * each through all segments.  For a machine whose registers we have no table of it goes its own way.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/read.h"
#include "elf/layout.h"
#include "stack/private.h"
#include "system/memory_window.h"

/* How often the core is shown to libdwfl, each time without the files that were wrong before. */
#define TIMES 8

static enum trace_status
parse(struct trace *t, const char *executable)
{
	uint64_t size;

	if (core_read_image(&t->core, t->image, &size) < 0)
		return TRACE_SYSTEM;
	if (!t->core.is_core)
		return TRACE_NO_CORE;
	if (executable != NULL && t->core.exe != NULL &&
	    trace_files_other_build(t->core.exe, executable))
		return TRACE_OTHER;
	t->registers = core_registers((uint16_t)t->core.machine, t->core.is64);
	return TRACE_OK;
}

/*
 * Whether a module has a file that is not the one that was mapped, which is remembered.  libdwfl tells the name of a
 * file only where it was the dynamic linker's; else it is that of the core's list.
 */
static int
is_wrong(struct trace *t, Dwfl_Module *m, const char *executable)
{
	const struct core_file *file;
	const char *path = NULL;
	Dwarf_Addr start, bias;
	void **unsure;
	int strict;
	Elf *elf;

	dwfl_module_info(m, &unsure, &start, NULL, NULL, NULL, &path, NULL);
	if (trace_noted_given(&t->noted, start))
		return 0;
	/* What the caller names is the caller's choice. */
	if (path != NULL && executable != NULL && strcmp(path, executable) == 0)
		return 0;
	if (path == NULL && (file = core_files_at(&t->core.files, start)) != NULL)
		path = file->path;
	/*
	 * What libdwfl has in place of a file that could not be opened, it knows by its build-id,
	 * or has of the core.
	 */
	if (path == NULL || trace_files_why(&t->files, path) != 0 ||
	    (elf = dwfl_module_getelf(m, &bias)) == NULL)
		return 0;
	strict = t->strict && !trace_instead_sure(&t->instead, &t->core, start);
	switch (trace_files_same(&t->core, t->image, elf, bias, start, strict)) {
	case TRACE_FILES_UNSURE:
		*unsure = (void *)TRACE_MODULE_UNSURE;
		return 0;
	case TRACE_FILES_SAME:
		return 0;
	case TRACE_FILES_WRONG:
		break;
	}
	trace_files_add(&t->files, path, TRACE_FILES_OTHER);
	return 1;
}

struct wrong {
	struct trace *t;
	const char *executable;
	int any;
};

static int
each_module(Dwfl_Module *m, void **user, const char *name, Dwarf_Addr start, void *arg)
{
	struct wrong *w = arg;

	(void)user;
	(void)name;
	(void)start;
	w->any |= is_wrong(w->t, m, w->executable);
	return DWARF_CB_OK;
}

/*
 * qemu's cores have no list of files, and none of a program's headers: what the caller names is where the auxiliary
 * vector says that the program headers are.
 */
static void
report_executable(struct trace *t, const char *executable)
{
	uint64_t at = t->core.phdr_at, head = elf_header_size(ELF_EHDR, t->core.is64);

	if (executable == NULL || at <= head || dwfl_addrmodule(t->dwfl, at) != NULL)
		return;
	dwfl_report_begin_add(t->dwfl);
	dwfl_report_elf(t->dwfl, executable, executable, -1, at - head, 1);
	dwfl_report_end(t->dwfl, NULL, NULL);
}

/* Shows the core to libdwfl; whether it took a file for a module's that is another is in *wrong. */
static enum trace_status
report_once(struct trace *t, const char *executable, int *wrong)
{
	struct wrong w = { .t = t, .executable = executable };

	if (t->dwfl != NULL)
		dwfl_end(t->dwfl);
	if ((t->dwfl = dwfl_begin(&t->callbacks)) == NULL)
		return TRACE_DWFL;
	trace_noted_forget(&t->noted);
	t->reporting = 1;
	/* A core that was cut may have no modules, but it has threads. */
	if (dwfl_core_file_report(t->dwfl, t->elf, executable) < 0 &&
	    image_size(t->image) >= t->core.promised)
		return TRACE_DWFL;
	dwfl_report_end(t->dwfl, NULL, NULL);
	report_executable(t, executable);
	t->reporting = 0;
	dwfl_getmodules(t->dwfl, each_module, &w, 0);
	*wrong = w.any;
	return TRACE_OK;
}

static enum trace_status
report(struct trace *t, const char *executable)
{
	static const Dwfl_Thread_Callbacks threads = {
		.next_thread = trace_next_thread,
		.memory_read = trace_memory_read,
		.set_initial_registers = trace_set_registers,
	};
	pid_t pid = t->core.pid > 0 && t->core.pid <= INT32_MAX ? (pid_t)t->core.pid : 1;
	enum trace_status st;
	int wrong = 1;
	char *base;

	if (core_code_open(&t->code, &t->core, t->image) < 0 ||
	    core_order_open(&t->order, &t->core, t->image) < 0 ||
	    window_open(core_order_read, &t->order, t->order.size, &base) < 0)
		return TRACE_SYSTEM;
	t->window = 1;
	elf_version(EV_CURRENT);
	if ((t->elf = elf_memory(base, (size_t)t->order.size)) == NULL)
		return TRACE_DWFL;
	for (int times = 0; wrong; times++) {
		t->files.none |= times == TIMES - 1;
		if ((st = report_once(t, executable, &wrong)) != TRACE_OK)
			return st;
		if (times == TIMES - 1)
			break;
	}
	if (t->registers != NULL ? !dwfl_attach_state(t->dwfl, t->elf, pid, &threads, t) :
				   dwfl_core_file_attach(t->dwfl, t->elf) < 0)
		return TRACE_DWFL;
	return TRACE_OK;
}

enum trace_status
trace_open_from(struct trace **out, struct image *i, const char *executable, const char *debug,
    int flags, const struct trace_finder *finder)
{
	struct trace *t = calloc(1, sizeof(*t));
	enum trace_status st;

	*out = NULL;
	if (t == NULL)
		return TRACE_SYSTEM;
	t->image = i;
	t->names = demangle_open();
	t->executable = executable;
	t->strict = (flags & TRACE_BUILD_IDS) != 0;
	core_open(&t->core);
	if (trace_find_path(t, debug) < 0) {
		st = TRACE_SYSTEM;
	} else if ((st = parse(t, executable)) == TRACE_OK) {
		if (finder != NULL)
			trace_instead_fill(&t->instead, &t->core, t->image, finder);
		t->unopened = t->instead.unopened;
		trace_noted_read(&t->noted, &t->core, t->image);
		trace_find_begin(t);
		trace_guard(t, 1);
		st = report(t, executable);
		trace_guard(t, 0);
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

enum trace_status
trace_open(struct trace **out, struct image *i, const char *executable, const char *debug,
    int flags)
{
	return trace_open_from(out, i, executable, debug, flags, NULL);
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
	trace_noted_close(&t->noted);
	core_order_close(&t->order);
	core_code_close(&t->code);
	trace_files_close(&t->files);
	trace_instead_close(&t->instead);
	trace_find_end(t);
	core_close(&t->core);
	for (size_t k = 0; k < TRACE_SEEN; k++)
		free(t->seen[k].inlined);
	demangle_close(t->names);
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

int
trace_slow_servers(const struct trace *t)
{
	return t->slow_servers;
}

int
trace_unopened(const struct trace *t)
{
	return t->unopened;
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
