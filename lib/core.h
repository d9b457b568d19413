/*
 * Reading a Linux core dump (core(5), gABI chapters 4 and 5, kernel fs/binfmt_elf.c) without
 * holding it: the parser says which bytes it wants to see, and is given those.  A stream is shown
 * to it in order; a file may be sought, so that notes behind the memory (as gdb's gcore writes
 * them) still tell where to look in it.
 */
#ifndef GZCORE_CORE_H
#define GZCORE_CORE_H

#include <stddef.h>
#include <stdint.h>

#include "elf_id.h"

/* The most of any note that is held, bytes. */
#define CORE_NOTE_HELD 1024
/* The most of the executable's image that is held, bytes: its headers and its notes. */
#define CORE_IMAGE_HELD 65536
/* The most note segments, and loaded segments, that are remembered; the kernel makes one of notes. */
#define CORE_NOTES 16
#define CORE_LOADS 131072
/* The most program headers that are read: far more than vm.max_map_count is ever set to. */
#define CORE_SEGMENTS (4u * 1024 * 1024)
/* The longest path, bytes with the terminator. */
#define CORE_PATH 4096

/* Some bytes of the core. */
struct core_range {
	uint64_t offset, len;
	uint64_t done;	/* how many of them have been shown */
};

struct core_load {
	uint64_t offset, len, vaddr;
};

struct core {
	/* What is known so far; a number without a "has" is 0 while it is not. */
	const char *bad;	/* why it is no core, or not all of it could be read; else NULL */
	int is_core;		/* an ELF core of a class and version that we know */
	int is64, big;		/* its class and byte order */
	uint64_t promised;	/* bytes, by its headers: where it ends when nothing is missing */
	uint64_t threads;	/* NT_PRSTATUS notes */
	int has_psinfo, has_signal;
	uint32_t signal, pid, uid, gid;
	char comm[17], args[81];
	char exe[CORE_PATH];	/* "" when not known */
	uint8_t *image;		/* of the executable, image_len bytes from its first */
	size_t image_len;

	/* The parser's own. */
	struct core_range head, table, note[CORE_NOTES], exe_image;
	int notes;
	struct core_load *load;
	size_t loads, load_room;
	uint64_t segments, phdr_at;	/* headers read so far, the address of AT_PHDR */
	int many;			/* PN_XNUM: the table's length is not known beforehand */
	uint8_t entry[64];		/* the file header, or a program header, as it comes */
	size_t entry_len;
	uint8_t held[CORE_NOTE_HELD];	/* of a note */
	size_t held_len;
	struct core_note {
		int step;		/* what of a note comes next */
		uint32_t namesz, descsz, type;
		uint64_t at;		/* how far in it */
		int ours;		/* owner CORE */
	} n;
	struct core_files {		/* NT_FILE, as it passes by */
		uint64_t count, index;	/* entries; which one is the executable's */
		uint64_t entry, string;
		size_t len;		/* of the path, as far as it has come */
		int found, ended;
		char path[CORE_PATH];
	} files;
};

void core_open(struct core *c);
void core_close(struct core *c);

/*
 * The first range that is wanted at or after offset at.  Returns 1 and the range, or 0 when
 * nothing more is wanted there.
 */
int core_next(const struct core *c, uint64_t at, uint64_t *offset, uint64_t *len);

/*
 * Shows n bytes from offset, which is one that core_next named.  Returns how many were taken of
 * them, at least 1: more may be wanted at once.
 */
size_t core_feed(struct core *c, uint64_t offset, const uint8_t *bytes, size_t n);

/* Gives up the range at offset: the input ends before it. */
void core_drop(struct core *c, uint64_t offset);

/* The identity that the image of the executable holds in its notes; 0, or -1 when there is none. */
int core_identity(struct core *c, struct elf_id *id);

#endif
