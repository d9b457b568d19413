/*
 * The identities of what a file holds, and however it is stored: an ELF file, an archive's members,
 * a core's modules.
 */
#ifndef GZCORE_PROC_IDENTITIES_H
#define GZCORE_PROC_IDENTITIES_H

#include "elf/id.h"
#include "stored/open.h"

/* What of the file an identity is of. */
enum identities_part {
	/* It is an ELF file, or the executable of the core; of one without any identity too. */
	IDENTITIES_FILE,
	IDENTITIES_MEMBER,	/* a member of an archive */
	IDENTITIES_MODULE	/* a module of a core */
};

struct identities {
	/* The caller's. */
	const char *section;	/* the name of the identity's section */
	const char *age;	/* the path of age's identity file, or NULL */
	int modules;		/* of a core: each module, rather than the executable */
	/* For a stripped file: the identity of its debug file, if one is found. */
	int debug;
	/*
	 * name: the member's or the module's, which is escaped nowhere; else NULL.  errno is that
	 * of elf_id_read.
	 */
	void (*each)(void *arg, enum identities_part part, const char *name, enum elf_id_status st,
	    const struct elf_id *id);
	void *arg;

	char why[UNPACK_WHY];	/* unless 0 is returned, in printable words */
};

/*
 * Gives the identities of fd, a file or a stream that stays the caller's, to each; path is where it
 * is, or NULL.  A core, and an ELF file, may be compressed or encrypted; an archive may not.
 * Returns 0; 1 when something was amiss of how it is stored, and what came before was read; or -1
 * when nothing could be read.
 */
int identities_read(struct identities *i, int fd, const char *path);

#endif
