/* Files that libdwfl is given in place of those at the paths that a core names. */
#ifndef GZCORE_STACK_INSTEAD_H
#define GZCORE_STACK_INSTEAD_H

#include "kept/sources.h"
#include "stack/trace.h"

struct trace_instead {
	struct trace_instead_file {
		const struct core_file *file;	/* the core's */
		int fd;
		int sure;
	} *file;
	size_t files, files_room;
	/* Names by which the dynamic linker opened them: libdwfl tries these too. */
	struct trace_instead_name {
		char *name;
		size_t file;
	} *name;
	size_t names, names_room;
	int unopened;			/* too many files were open: that errno, else 0 */
};

/* A finder in these sources.  Where there is no other source than the path in the core, nothing is opened. */
struct trace_finder trace_instead_finder(struct kept_sources *s);

/* Asks the finder about the core's modules. */
void trace_instead_fill(struct trace_instead *in, const struct core *c, struct image *i,
    const struct trace_finder *finder);
void trace_instead_close(struct trace_instead *in);

/* A new descriptor of the file in place of that of a path, or -1 with errno, ENOENT when there is none. */
int trace_instead_open(const struct trace_instead *in, const char *path);

/* The same for the module that starts at an address. */
int trace_instead_open_at(const struct trace_instead *in, uint64_t start);

/* Whether the module that has an address has a file here that is surely its own. */
int trace_instead_sure(const struct trace_instead *in, const struct core *c, uint64_t address);

#endif
