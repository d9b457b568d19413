/*
 * libdwfl finds the modules in the core as in any other, through a window on the image.  The threads and
 * their memory it is given by us: its own way takes memory for every word that it reads, and looks for
 * each through all segments.  For a machine whose registers we have no table of it goes its own way.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "core/read.h"
#include "elf/layout.h"
#include "stack/private.h"
#include "kept/servers.h"
#include "system/memory_window.h"
#include "system/sigbus_guard.h"

/* The usual places, as elfutils has them: beside the file, .debug there, and below /usr/lib/debug. */
#define DEBUG_PATH ":.debug:/usr/lib/debug"
/* How often the core is shown to libdwfl, each time without the files that were wrong before. */
#define TIMES 8

/* The trace that there is, for callbacks of libdwfl, which are told of none. */
static struct trace *only;

/* After the symbol servers may have been asked in vain. */
static void
asked_in_vain(int64_t began)
{
	if (servers_end(began) && only != NULL)
		only->slow_servers = 1;
}

/*
 * A debug file that has neither a build-id nor a checksum to fit is not looked for by its name, and none is while the
 * module's own symbols are.
 */
static int
find_debug_file(Dwfl_Module *m, void **user, const char *name, Dwarf_Addr base, const char *file,
    const char *link, GElf_Word crc, char **found)
{
	const int64_t began = now_ms();
	const unsigned char *bits;
	GElf_Addr at;
	int fd;

	if (((uintptr_t)*user & TRACE_MODULE_OWN) != 0 ||
	    (crc == 0 && dwfl_module_build_id(m, &bits, &at) <= 0)) {
		errno = ENOENT;
		return -1;
	}
	fd = dwfl_standard_find_debuginfo(m, user, name, base, file, link, crc, found);
	if (fd < 0)
		asked_in_vain(began);
	return fd;
}

/*
 * A file that libdwfl did not open by its name: the one that was kept, else one by its build-id; without any, what a
 * small core has noted of it.
 */
static int
find_elf(Dwfl_Module *m, void **user, const char *name, Dwarf_Addr base, char **path, Elf **elf)
{
	const int64_t began = now_ms();
	int fd = only != NULL ? trace_instead_open_at(&only->instead, base) : -1;
	const struct core_file *file;

	if (fd < 0) {
		fd = dwfl_build_id_find_elf(m, user, name, base, path, elf);
		if (fd >= 0 || *elf != NULL || only == NULL)
			return fd;
		asked_in_vain(began);
		/* libdwfl itself would open this next. */
		if (*path != NULL && (fd = open(*path, O_RDONLY | O_CLOEXEC)) >= 0)
			return fd;
		return trace_noted_open(&only->noted, base);
	}
	file = core_files_at(&only->core.files, base);
	*elf = NULL;
	if (*path == NULL && (*path = strdup(file != NULL ? file->path : name)) == NULL) {
		io_close(fd);
		return -1;
	}
	return fd;
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
	t->callbacks = (Dwfl_Callbacks){ .find_elf = find_elf,
		.find_debuginfo = find_debug_file, .debuginfo_path = &t->debug_path };
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
	/* What libdwfl has in place of a file that could not be opened, it knows by its build-id, or has of the core. */
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

/* For the guard: files that were found to be wrong are not opened again. */
static int
ask_file(void *arg, const char *path)
{
	const struct trace *t = arg;

	return (t->reporting && t->files.none) ||
	    trace_files_why(&t->files, path) == TRACE_FILES_OTHER ? TRACE_FILES_OTHER : 0;
}

static void
file_failed(void *arg, const char *path, int why)
{
	struct trace *t = arg;

	/* That is our lack, and none of the file. */
	if (why == EMFILE || why == ENFILE)
		t->unopened = why;
	if (t->reporting)
		trace_files_add(&t->files, path, why);
}

/* What a small core has noted of the module whose file has that path. */
static int
open_noted(struct trace *t, const char *path)
{
	const struct core_files *f = &t->core.files;
	int fd = -1;

	for (size_t k = 0; t->noted.files > 0 && fd < 0 && k < f->count; k++)
		if (f->file[k].from == 0 && strcmp(f->file[k].path, path) == 0)
			fd = trace_noted_open(&t->noted, f->file[k].start);
	return fd;
}

/*
 * For the guard: what was found elsewhere is opened in its place, and what was noted of it where it is not there: of a
 * small module, libdwfl would be content with the few bytes that are in the core.
 */
static int
open_instead(void *arg, const char *path)
{
	struct trace *t = arg;
	int fd;

	if (ask_file(arg, path) != 0)
		return open_noted(t, path);
	fd = trace_instead_open(&t->instead, path);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE))
		t->unopened = errno;
	if (fd < 0 && faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) < 0) {
		int why = errno;

		if ((fd = open_noted(t, path)) >= 0)
			file_failed(t, path, why);
	}
	return fd;
}

void
trace_guard(struct trace *t, int on)
{
	t->guard = (struct open_guard){ .ask = ask_file, .instead = open_instead,
		.failed = file_failed, .arg = t };
	open_guard(on ? &t->guard : NULL);
	cut_guard(on);
	if (!on)
		t->changed |= cut_guard_seen();
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
	if (set_debug_path(t, debug) < 0) {
		st = TRACE_SYSTEM;
	} else if ((st = parse(t, executable)) == TRACE_OK) {
		if (finder != NULL)
			trace_instead_fill(&t->instead, &t->core, t->image, finder);
		t->unopened = t->instead.unopened;
		trace_noted_read(&t->noted, &t->core, t->image);
		only = t;
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
	if (only == t)
		only = NULL;
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
