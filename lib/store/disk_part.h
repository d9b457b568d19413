/* A number of bytes that may be given as a part of a file system. */
#ifndef GZCORE_STORE_DISK_PART_H
#define GZCORE_STORE_DISK_PART_H

#include <stdint.h>

/* With percent: that part of the file system, but at least and at most so many bytes; else most. */
struct disk_part {
	uint64_t least, most;	/* bytes */
	unsigned percent;	/* 1 to 100; 0: none */
};

/*
 * Reads a size as number_size does ("16M"), or a percentage ("5%"), before which the least and
 * behind which the most may stand, each a size: "1M,5%,4G".  No number may be under min.  Returns
 * 0, or -1.
 */
int disk_part_parse(struct disk_part *p, const char *text, uint64_t min);

/*
 * How many bytes it is of the file system of fd, of which all blocks count, used or not.  If that
 * is not known, it is the least of a percentage.
 */
uint64_t disk_part_bytes(const struct disk_part *p, int fd);
/* The same of the file system of a path. */
uint64_t disk_part_bytes_of(const struct disk_part *p, const char *path);

#endif
