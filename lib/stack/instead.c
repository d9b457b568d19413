#define _GNU_SOURCE
#include "stack/instead.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/io.h"
#include "core/link_map.h"
#include "kept/found.h"

static int
find(void *arg, const struct core *c, struct image *i, const struct core_file *file, int *sure)
{
	struct kept_sources *s = arg;
	struct kept_found f;

	if (!kept_sources_any(s))
		return -1;
	if (!kept_found(&f, s, c, i, file)) {
		errno = f.why;
		return -1;
	}
	*sure = f.sure;
	if (f.kind != KEPT_PATH || strcmp(f.path, file->path) != 0)
		return f.fd;
	io_close(f.fd);
	return -1;
}

struct trace_finder
trace_instead_finder(struct kept_sources *s)
{
	return (struct trace_finder){ .find = find, .arg = s };
}

struct naming {
	struct trace_instead *in;
	const struct core *core;
};

/* Remembers the dynamic linker's name of a module that has another file; the core's path needs no name. */
static void
add_name(void *arg, const char *name, uint64_t dynamic)
{
	const struct naming *n = arg;
	struct trace_instead *in = n->in;
	const struct core_file *file = core_files_at(&n->core->files, dynamic);
	struct trace_instead_name one = { .file = 0 };

	if (file == NULL || strcmp(file->path, name) == 0)
		return;
	while (one.file < in->files && strcmp(in->file[one.file].file->path, file->path) != 0)
		one.file++;
	if (one.file == in->files ||
	    ARRAY_GROW(in->name, in->names_room, in->names, CORE_LINKS) < 0 ||
	    (one.name = strdup(name)) == NULL)
		return;
	in->name[in->names++] = one;
}

void
trace_instead_fill(struct trace_instead *in, const struct core *c, struct image *i,
    const struct trace_finder *finder)
{
	struct naming naming = { .in = in, .core = c };

	for (size_t k = 0, looked = 0; k < c->files.count && looked < KEPT_FIND_MOST; k++) {
		struct trace_instead_file f = { .file = &c->files.file[k], .fd = -1 };

		if (f.file->from != 0 || (f.file->module == NULL && *f.file->path != '/'))
			continue;
		looked++;
		errno = 0;
		if ((f.fd = finder->find(finder->arg, c, i, f.file, &f.sure)) < 0) {
			if (errno == EMFILE || errno == ENFILE)
				in->unopened = errno;
			continue;
		}
		if (ARRAY_GROW(in->file, in->files_room, in->files, CORE_FILES) < 0)
			io_close(f.fd);
		else
			in->file[in->files++] = f;
	}
	if (in->files > 0)
		core_link_map(c, i, add_name, &naming);
}

void
trace_instead_close(struct trace_instead *in)
{
	for (size_t k = 0; k < in->files; k++)
		io_close(in->file[k].fd);
	for (size_t k = 0; k < in->names; k++)
		free(in->name[k].name);
	free(in->file);
	free(in->name);
	memset(in, 0, sizeof(*in));
}

int
trace_instead_open(const struct trace_instead *in, const char *path)
{
	for (size_t k = 0; k < in->files; k++)
		if (strcmp(in->file[k].file->path, path) == 0)
			return fcntl(in->file[k].fd, F_DUPFD_CLOEXEC, 0);
	for (size_t k = 0; k < in->names; k++)
		if (strcmp(in->name[k].name, path) == 0)
			return fcntl(in->file[in->name[k].file].fd, F_DUPFD_CLOEXEC, 0);
	errno = ENOENT;
	return -1;
}

int
trace_instead_open_at(const struct trace_instead *in, uint64_t start)
{
	for (size_t k = 0; k < in->files; k++)
		if (in->file[k].file->start == start)
			return fcntl(in->file[k].fd, F_DUPFD_CLOEXEC, 0);
	errno = ENOENT;
	return -1;
}

int
trace_instead_sure(const struct trace_instead *in, const struct core *c, uint64_t address)
{
	const struct core_file *file = core_files_at(&c->files, address);

	for (size_t k = 0; file != NULL && k < in->files; k++)
		if (in->file[k].file == file)
			return in->file[k].sure;
	return 0;
}
