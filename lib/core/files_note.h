/*
 * How the files become known, from NT_FILE or from a process: for the parser, and for what reads
 * /proc.
 */
#ifndef GZCORE_CORE_FILES_NOTE_H
#define GZCORE_CORE_FILES_NOTE_H

#include <stddef.h>
#include <stdint.h>

#include "core/files.h"

/* A note begins; what was known from one before goes.  Frees all. */
void core_files_open(struct core_files *f, int is64, int big);
void core_files_close(struct core_files *f);

/* The next bytes of the note's descriptor; its end. */
void core_files_feed(struct core_files *f, const uint8_t *bytes, size_t n);
void core_files_end(struct core_files *f);

struct core_mapping {
	uint64_t start, end;	/* addresses */
	uint64_t from;		/* offset in the file, bytes */
};

/*
 * A mapping of a file, in whatever order; the path has at most CORE_PATH bytes with its end.  Once
 * all have been told, core_files_order puts the files in order.
 */
void core_files_map(struct core_files *f, const struct core_mapping *m, const char *path);
void core_files_order(struct core_files *f);

/* Adds a file that the note does not name.  Returns it, or NULL when there is no room. */
struct core_file *core_files_add(struct core_files *f, uint64_t start, uint64_t end,
    const char *path);

/* Keeps what an identity says as that of the file's module. */
void core_files_identify(struct core_file *file, const struct elf_id *id);

#endif
