/* Where libdwfl gets the files of modules from: those that were kept, their own paths, debug folders, servers. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "kept/servers.h"
#include "stack/private.h"
#include "system/sigbus_guard.h"

/* The usual places, as elfutils has them: beside the file, .debug there, and below /usr/lib/debug. */
#define DEBUG_PATH ":.debug:/usr/lib/debug"

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
int
trace_find_path(struct trace *t, const char *debug)
{
	size_t len = debug != NULL ? strlen(debug) : 0;
	size_t before = len > 0 ? len + 1 : 0;

	if ((t->debug_path = malloc(before + sizeof(DEBUG_PATH))) == NULL)
		return -1;
	if (len > 0) {
		memcpy(t->debug_path, debug, len);
		t->debug_path[len] = ':';
	}
	memcpy(t->debug_path + before, DEBUG_PATH, sizeof(DEBUG_PATH));
	t->callbacks = (Dwfl_Callbacks){ .find_elf = find_elf,
		.find_debuginfo = find_debug_file, .debuginfo_path = &t->debug_path };
	return 0;
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

void
trace_find_begin(struct trace *t)
{
	only = t;
}

void
trace_find_end(const struct trace *t)
{
	if (only == t)
		only = NULL;
}
