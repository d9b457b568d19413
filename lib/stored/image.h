/*
 * Any byte of a core that is a file that can be sought, gzip or zlib data, or a pipe.  A gzip
 * member that says its size is decoded, and checked, when one of its bytes is asked for; everything
 * else that cannot be sought is copied once into an unlinked sparse file.  Memory is bounded.
 */
#ifndef GZCORE_STORED_IMAGE_H
#define GZCORE_STORED_IMAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "gzip/status.h"

#ifdef __cplusplus
extern "C" {
#endif

struct image;

/*
 * Opens what fd holds: from its start if it can be sought, else all that still comes from it.  Of
 * such a stream that is neither ELF nor compressed, only the first bytes are read: it may have no
 * end.  The descriptor stays the caller's and stays open.  Returns 0 and *i, which image_close
 * frees, or -1 with errno.  Data that is cut or damaged is no error: see image_end.
 */
int image_open(struct image **i, int fd);

/*
 * Opens a file by its path; it is closed with the image.  "-" is standard input, which stays open.
 */
int image_open_file(struct image **i, const char *path);

void image_close(struct image *i);

/* How many bytes there are. */
uint64_t image_size(const struct image *i);

/*
 * The damage that was found so far: INFLATE_OK, or how the data ends or is damaged, and where in the
 * input.
 */
enum inflate_status image_end(const struct image *i, uint64_t *at);

/*
 * Reads len bytes from offset, less only at the end.  Returns how many; -1 with errno, EBADMSG in a
 * damaged member.
 */
ssize_t image_read(struct image *i, uint64_t offset, void *buf, size_t len);

/*
 * The errno of the first read that failed for another reason than damage, or 0: what looked like
 * bytes that the core does not have may be there.
 */
int image_failed(const struct image *i);

#ifdef __cplusplus
}
#endif

#endif
