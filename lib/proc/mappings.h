/*
 * Which mappings of a process are its own alone, and which are shared (proc_pid_maps(5)); and
 * whether any has a protection key (pkeys(7), proc_pid_smaps(5)).
 */
#ifndef GZCORE_PROC_MAPPINGS_H
#define GZCORE_PROC_MAPPINGS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum mapping_kind {
	/* private and of no file: a page that the process never touched is zeros */
	MAPPING_ANONYMOUS,
	/* other processes may have it too, and may change it */
	MAPPING_SHARED
};

/* Mappings of other kinds are left out; neighbours of one kind are one range. */
struct mapping {
	uint64_t start, end;
	enum mapping_kind kind;
};

struct mappings {
	struct mapping *of;	/* by address */
	size_t count, room;
	int broken;		/* memory ran out */
	int files;		/* /proc/PID/map_files while they are read, or -1 */
};

/* Returns 0, or -1 with errno.  mappings_close frees them, whatever came back. */
int mappings_read(struct mappings *m, pid_t pid);
void mappings_close(struct mappings *m);

/*
 * The first mapping that ends above an address; NULL when there is none.
 */
const struct mapping *mappings_from(const struct mappings *m, uint64_t address);

/*
 * Opens /proc/PID/smaps of a thread that has not ended: a descriptor, or -1 with errno.  It stays
 * that of this process if its PID is used again.
 */
int mappings_keys_open(pid_t pid);

/*
 * Whether any mapping has another key than 0, the one of all memory that was given none: 1 yes, 0
 * no, or -1 with errno, ESRCH when the process has gone.  The kernel counts all pages for this:
 * about 15 ms for 400 MB.  Without protection keys it stops after the first mapping.
 */
int mappings_keyed(int fd);

#endif
