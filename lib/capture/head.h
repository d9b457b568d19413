/* The start of a core that the kernel writes into a pipe, as far as is needed to trust the rest. */
#ifndef GZCORE_CAPTURE_HEAD_H
#define GZCORE_CAPTURE_HEAD_H

#include <stddef.h>
#include <stdint.h>

#include "core/core.h"

/* The most bytes of notes that are read: NT_AUXV and NT_FILE come with the first thread's. */
#define CAPTURE_HEAD (8u * 1024 * 1024)

struct capture_head {
	struct core core;	/* read as far as NT_AUXV and NT_FILE, if they are there */
	uint8_t *bytes;		/* what was taken out of the pipe: len of them */
	size_t len;
};

/*
 * Takes the file header, the program headers and the first notes out of in: at most
 * CAPTURE_HEAD bytes of notes.  A process that can do nothing else parses them: if it fails, the
 * core is bad.  Returns 0, or -1 with errno when reading failed.  What was taken is in head in both
 * cases; capture_head_close frees it.  Of core there are the numbers and load: no name, file or map.
 */
int capture_head_read(struct capture_head *h, int in);
void capture_head_close(struct capture_head *h);

#endif
