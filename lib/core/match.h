/* Whether a core is of an executable file: by its identities, else by its bytes. */
#ifndef GZCORE_CORE_MATCH_H
#define GZCORE_CORE_MATCH_H

#include "core/core.h"
#include "elf/id.h"
#include "stored/image.h"

#ifdef __cplusplus
extern "C" {
#endif

enum match_verdict { MATCH_YES, MATCH_NO, MATCH_UNKNOWN };

/* What decided. */
enum match_evidence {
	MATCH_BUILD_ID,		/* both have one */
	MATCH_UUID,		/* both have a .note.uuid, and not both a build-id */
	MATCH_BYTES,		/* what the core holds of the file's read-only segments */
	MATCH_NOTHING		/* for MATCH_UNKNOWN */
};

struct match {
	enum match_verdict verdict;
	enum match_evidence evidence;
	/* MATCH_BYTES: so many bytes are the same, up to a first difference */
	uint64_t compared;
	uint64_t differs;	/* MATCH_BYTES and MATCH_NO: the address of that in the core */
	struct elf_id file, core;	/* the identities, as far as there are any */
};

/*
 * Compares the executable of a core, which has been read, with the ELF file fd.  Returns ELF_ID_OK
 * with *m, or why the file cannot be read as one, a core's among them (ELF_ID_NOT_ELF).
 */
enum elf_id_status match_file(const struct core *c, struct image *image, int fd, struct match *m);

/*
 * The same for the file that the core says was mapped, one of its files, in place of the executable; NULL: for a file
 * that it does not name.
 */
enum elf_id_status match_module(const struct core *c, struct image *image,
    const struct core_file *file, int fd, struct match *m);

#ifdef __cplusplus
}
#endif

#endif
