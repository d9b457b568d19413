/*
 * The files that a core says were mapped (NT_FILE, kernel fs/binfmt_elf.c, fill_files_note), as the
 * note passes by, and what is known of those that are ELF: the modules of the process.
 */
#ifndef GZCORE_CORE_FILES_H
#define GZCORE_CORE_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "elf/id.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The longest path, bytes with the terminator. */
#define CORE_PATH 4096
/*
 * The most mappings, files and bytes of paths that are held; vm.max_map_count is 65530 by default.
 */
#define CORE_MAPPINGS 131072
#define CORE_FILES 16384
#define CORE_PATHS (2u * 1024 * 1024)

/*
 * A file, mapped in one run: mappings one after the other in memory, of one part of the file after
 * the other, as the segments of a module are.  Mappings that are not in such an order, and do not
 * begin with the file's first byte, such as those of a data file or of code that its program has
 * moved, make a run together.
 */
struct core_file {
	uint64_t start, end;		/* addresses */
	uint64_t first_end;		/* of the first mapping */
	/* offsets in the file, bytes: of the first mapping, after the last */
	uint64_t from, to;
	const char *path;		/* one of paths, or a constant: "" when not known */
	struct core_module *module;	/* NULL: no ELF file, as far as the core shows */
	uint64_t reach;			/* where it, and all before it, end: for core_files_at */
};

struct core_module {
	uint8_t build_id[ELF_ID_BUILD_ID_MAX], uuid[ELF_ID_UUID];
	size_t build_id_len;		/* 0: none */
	int has_uuid;
	char *package;			/* the JSON text of .note.package, or NULL */
};

struct core_files {
	int seen;			/* the core has the note, and it was whole */
	int cut;			/* there are more than are held */
	size_t count;
	struct core_file *file;		/* in the order of the note: by address */

	struct core_files_reader *reader;	/* the parser's own, and the bytes of the paths */
};

/* The file that is mapped at an address, or NULL. */
struct core_file *core_files_at(const struct core_files *f, uint64_t address);

/*
 * What the core says of a file's identity: its build-id and its note; all zeros when there is none.
 */
void core_files_identity(const struct core_file *file, struct elf_id *id);

#ifdef __cplusplus
}
#endif

#endif
