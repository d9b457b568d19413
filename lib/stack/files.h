/* Which files a core names are wrong, and why others could not be opened. */
#ifndef GZCORE_STACK_FILES_H
#define GZCORE_STACK_FILES_H

#include <elfutils/libdwfl.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "core/core.h"
#include "stored/image.h"

/* In place of an errno: the file is another than the one that was mapped. */
#define TRACE_FILES_OTHER ESTALE

struct trace_files {
	struct trace_files_entry {
		char *path;
		int why;
	} *entry;
	size_t count, room;
	int none;			/* there were too many: no file is taken at all */
};

void trace_files_close(struct trace_files *f);

/* Remembers why the file of that path is not there, an errno or TRACE_FILES_OTHER; the first reason stays. */
void trace_files_add(struct trace_files *f, const char *path, int why);

/* The reason, 0 when there is none. */
int trace_files_why(const struct trace_files *f, const char *path);

/* The words for it. */
const char *trace_files_words(int why);

/* Whether the file of that path is of another build than a file of the core, where both say which. */
int trace_files_other_build(const struct core_file *file, const char *path);

enum trace_files_verdict { TRACE_FILES_WRONG, TRACE_FILES_SAME, TRACE_FILES_UNSURE };

/*
 * Whether an ELF file that libdwfl took, and whose addresses are bias above those in it, is the one that was
 * mapped: by the build-id, where the core has one; else by what the core holds of its read-only segments and of its
 * dynamic section, where that is nothing TRACE_FILES_UNSURE.  strict: by the build-id alone, what has none is wrong.
 */
enum trace_files_verdict trace_files_same(const struct core *c, struct image *i, Elf *elf,
    uint64_t bias, uint64_t start, int strict);

#endif
