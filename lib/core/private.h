/*
 * What core.c, notes.c and modules.c share: the parser's own state, and how the three call each
 * other.
 */
#ifndef GZCORE_CORE_PRIVATE_H
#define GZCORE_CORE_PRIVATE_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "core/core.h"

struct core_parser {
	struct core_range head;		/* the file header */
	/* the file header, or a program header, as it comes */
	uint8_t entry[sizeof(Elf64_Ehdr)];
	size_t entry_len;
	size_t load_room, map_room, thread_room;
	struct core_note {
		int step;		/* which part of a note comes next */
		uint64_t at;		/* how many bytes of it have been seen */
		Elf64_Nhdr head;
		int of_kernel;		/* the owner is CORE */
		int of_trim;		/* it is that of core-trim(1) */
		uint8_t held[CORE_NOTE_HELD];
		size_t held_len;
	} note;
	struct core_image {
		uint64_t offset, len;	/* in the core, of a file's first bytes */
		size_t file;
	} *image;			/* by offset */
	size_t images, image_next;	/* the first that has not been seen */
	uint8_t *held_image;		/* of that */
	size_t held_image_len;
};

/* A segment of notes begins with a note's header; the next bytes of the segment. */
void core_notes_begin(struct core *c);
void core_notes_feed(struct core *c, const uint8_t *bytes, size_t n);

/*
 * All notes have been seen: finds which files are mapped, and where their first bytes are in the
 * core.
 */
void core_modules_resolve(struct core *c);

/*
 * As core_next, core_feed (0: the bytes are no file's), core_drop and core_end, of those first
 * bytes.
 */
int core_modules_next(const struct core *c, uint64_t at, uint64_t *offset, uint64_t *len);
size_t core_modules_feed(struct core *c, uint64_t offset, const uint8_t *bytes, size_t n);
void core_modules_drop(struct core *c, uint64_t offset);
void core_modules_end(struct core *c);

#endif
