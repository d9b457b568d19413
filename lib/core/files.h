/*
 * The files that a core says were mapped (NT_FILE, kernel fs/binfmt_elf.c, fill_files_note), as the
 * note passes by, and what is known of those that are ELF: the modules of the process.
 */
#ifndef GZCORE_CORE_FILES_H
#define GZCORE_CORE_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "elf/id.h"

/* The longest path, bytes with the terminator. */
#define CORE_PATH 4096
/* The most mappings, files and bytes of paths that are held; vm.max_map_count is 65530 by default. */
#define CORE_MAPPINGS 131072
#define CORE_FILES 16384
#define CORE_PATHS (2u * 1024 * 1024)

/*
 * A file, mapped in one run: mappings that stand one after the other, of one part of the file after the
 * other, as the segments of a module do.  Those that do not, nor begin with the file's first byte, such as
 * a data file's or code that its program has moved, are a run together.
 */
struct core_file {
	uint64_t start, end;		/* addresses */
	uint64_t from, to;		/* offsets in the file, bytes: of the first mapping, after the last */
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

	/* The parser's own. */
	int is64, big, step;
	int unordered;			/* the mappings are not in the order of addresses */
	uint64_t mappings, index;	/* that there are; the one whose words, or path, come now */
	uint64_t page;			/* the unit of offsets, bytes; gdb's is 1 */
	uint8_t held[24];
	size_t held_len;
	struct core_mapping {
		uint64_t start, end, from;
	} *mapping;
	size_t mapping_count, mapping_room, room;
	char *paths;			/* CORE_PATHS bytes, or NULL */
	size_t paths_len;
	char path[CORE_PATH], last[CORE_PATH];
	size_t path_len;
	uint64_t last_end;
};

/* The file that is mapped at an address, or NULL. */
struct core_file *core_files_at(const struct core_files *f, uint64_t address);

/* What the core says of a file's identity: its build-id and its note; all zeros when there is none. */
void core_files_identity(const struct core_file *file, struct elf_id *id);

#endif
