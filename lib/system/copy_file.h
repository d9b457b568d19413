/* Copying a file: ioctl_ficlone(2), copy_file_range(2), lseek(2). */
#ifndef GZCORE_SYSTEM_COPY_FILE_H
#define GZCORE_SYSTEM_COPY_FILE_H

#include <stdint.h>

/*
 * Copies size bytes, within the file system where it can do that; holes stay holes.  Returns 0; -1
 * with errno, 0 if the file is shorter.
 */
int copy_file_bytes(int from, int to, uint64_t size);

#endif
