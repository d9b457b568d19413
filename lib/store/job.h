/*
 * Storing what a pipeline of stages writes, as core-store(1) does: the file is whole, or says that
 * it is not.
 */
#ifndef GZCORE_STORE_JOB_H
#define GZCORE_STORE_JOB_H

#include <stdint.h>
#include <sys/types.h>

#include "store/disk_part.h"
#include "store/pipeline.h"

struct job {
	uid_t uid;		/* of the file, as for store_protect */
	gid_t gid;
	mode_t mode;
	int flags;		/* of store_publish */
	int whole_only;		/* nothing is kept of what is not whole */
	struct disk_part most;	/* bytes of the file; UINT64_MAX: any */
	struct disk_part spare;	/* bytes that stay free */
	int places, wait;	/* of the queue, 0: none; seconds */
	int marked;		/* a descriptor to sync once the stages have started, -1: none */
	struct stages *stages;
	void (*say)(const char *text);	/* is given each message, without a newline */
};

/*
 * Stores the file.  Returns 0; 1 when only a part was kept, under another name; 2 when nothing was
 * stored.
 */
int job_store(const struct job *j, const char *path);

/* Has the stages write to standard output instead.  Returns 0, or 2 when not all went well. */
int job_pass(const struct job *j);

#endif
